// @ts-check
// Small comforts of the settings pages: a question before what cannot be undone, addresses that are selected at a click.
document.addEventListener('submit', (event) => {
  const question = event.target instanceof HTMLFormElement ? event.target.dataset.confirm : undefined;
  if (question && !window.confirm(question)) event.preventDefault();
});

for (const field of document.querySelectorAll('input[readonly], textarea[readonly]')) {
  field.addEventListener('focus', () => /** @type {HTMLInputElement} */ (field).select());
}
