// @ts-check
// A menu beside what it belongs to: arrows, digits, Esc.

/** @typedef {{text: string, act: () => void, color?: string, danger?: boolean} | {head: string}} Line */

/** @param {HTMLElement} anchor @param {Line[]} lines */
export function openMenu(anchor, lines) {
  closeMenu();
  const list = document.createElement('div');
  list.className = 'move-menu';
  list.setAttribute('role', 'menu');
  let digit = 0;
  for (const line of lines) {
    if ('head' in line) {
      const head = document.createElement('h6');
      head.textContent = line.head;
      list.append(head);
      continue;
    }
    digit += 1;
    const button = document.createElement('button');
    button.type = 'button';
    button.setAttribute('role', 'menuitem');
    button.dataset.digit = String(digit);
    if (line.danger) button.classList.add('text-danger');
    if (line.color) {
      const dot = document.createElement('span');
      dot.className = 'dot';
      dot.style.background = line.color;
      button.append(dot);
    }
    const words = document.createElement('span');
    words.textContent = line.text;
    const key = document.createElement('kbd');
    key.textContent = digit < 10 ? String(digit) : '';
    button.append(words, key);
    button.addEventListener('click', () => {
      closeMenu();
      line.act();
    });
    list.append(button);
  }
  document.body.append(list);
  const where = anchor.getBoundingClientRect();
  list.style.left = `${Math.max(8, Math.min(where.left + 20, innerWidth - list.offsetWidth - 8))}px`;
  list.style.top = `${Math.max(8, Math.min(where.top + 26, innerHeight - list.offsetHeight - 8))}px`;
  list.querySelector('button')?.focus();
  list.addEventListener('keydown', (event) => {
    const buttons = [...list.querySelectorAll('button')];
    const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      buttons[(at + (event.key === 'ArrowDown' ? 1 : buttons.length - 1)) % buttons.length].focus();
    } else if (/^[1-9]$/.test(event.key)) {
      event.preventDefault();
      event.stopPropagation();
      buttons.find((one) => one.dataset.digit === event.key)?.click();
    } else if (event.key === 'Escape' || event.key === 'Tab') {
      event.preventDefault();
      event.stopPropagation();
      closeMenu();
      anchor.focus();
    }
  });
}

export function closeMenu() {
  document.querySelector('.move-menu')?.remove();
}

document.addEventListener(
  'click',
  (event) => {
    if (!(event.target instanceof Element) || !event.target.closest('.move-menu')) closeMenu();
  },
  true,
);
