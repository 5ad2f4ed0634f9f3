// @ts-check
// Makes the public form kinder: reasons stand at their fields, a second click sends nothing. Without it the form works too.
const form = /** @type {HTMLFormElement | null} */ (document.querySelector('form[data-landing]'));

if (form) {
  const button = /** @type {HTMLButtonElement} */ (form.querySelector('.send'));
  const notice = /** @type {HTMLElement} */ (form.querySelector('.notice'));
  const caption = button.textContent;
  form.noValidate = true;

  /** @param {string} name @param {string} text */
  const mark = (name, text) => {
    const inputs = [...form.elements].filter((one) => /** @type {any} */ (one).name === name);
    const input = /** @type {any} */ (inputs.at(-1));
    const place = input && document.getElementById(`${input.id}-wrong`);
    if (!place) return null;
    place.textContent = text;
    if (text) input.setAttribute('aria-invalid', 'true');
    else input.removeAttribute('aria-invalid');
    return input;
  };

  /** What the browser itself can tell before anything is sent. */
  const missing = () => {
    const wrong = [];
    for (const input of /** @type {any[]} */ ([...form.elements])) {
      if (!input.name || !input.willValidate) continue;
      mark(input.name, '');
      if (input.validity.valid) continue;
      const word = input.validity.valueMissing ? (input.type === 'checkbox' ? 'unticked' : 'missing') : 'odd';
      wrong.push([input.name, form.dataset[word] ?? input.validationMessage]);
    }
    return wrong;
  };

  /** @param {[string, string][]} list @param {string} text */
  const show = (list, text) => {
    let first = null;
    const left = [];
    for (const [name, reason] of list) {
      const input = mark(name, reason);
      if (input) first ??= input;
      else left.push(reason);
    }
    notice.textContent = [text, ...left].filter(Boolean).join(' ');
    first?.focus();
  };

  form.addEventListener('input', (event) => {
    const input = /** @type {any} */ (event.target);
    if (input.getAttribute('aria-invalid')) mark(input.name, '');
  });

  const post = async () => {
    const body = new URLSearchParams(/** @type {any} */ (new FormData(form)));
    const answer = await fetch(form.action, { method: 'POST', headers: { Accept: 'application/json' }, body });
    return [answer, await answer.json().catch(() => null)];
  };

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    notice.textContent = '';
    const wrong = missing();
    if (wrong.length > 0) {
      show(/** @type {any} */ (wrong), form.dataset.fix ?? '');
      return;
    }
    button.disabled = true;
    button.textContent = form.dataset.sending ?? caption;
    try {
      let [answer, json] = await post();
      // Whoever lets the browser fill the form in is quick, but no robot: it is sent once more when enough time has passed.
      if (json?.error?.code === 'form_too_fast') {
        await new Promise((resolve) => setTimeout(resolve, 2200));
        [answer, json] = await post();
      }
      if (answer.ok && json) {
        location.assign(`${form.dataset.done}&n=${encodeURIComponent(json.number ?? '')}`);
        return;
      }
      const fields = Object.entries(json?.error?.fields ?? {});
      show(fields, fields.length > 0 ? form.dataset.fix ?? '' : json?.error?.text ?? form.dataset.error ?? '');
    } catch {
      notice.textContent = form.dataset.offline ?? '';
    }
    button.disabled = false;
    button.textContent = caption;
  });
}
