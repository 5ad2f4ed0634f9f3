// @ts-check
// Files of a card: dragged onto it, sent with a bar, taken off and put back.
import { ask, note, sorry, t } from './base.js';
import { sendFile } from './card-ask.js';
import { cardOf, refresh, reloadTab } from './card.js';

/** @param {HTMLElement} card @param {Iterable<File>} files @param {string} url */
async function send(card, files, url) {
  const list = [...files];
  for (const file of list) {
    const line = document.createElement('div');
    line.className = 'upload';
    const name = Object.assign(document.createElement('span'), { textContent: t('uploading', { name: file.name }) });
    const bar = Object.assign(document.createElement('progress'), { max: 1, value: 0 });
    line.append(name, bar);
    (card.querySelector('[data-uploads]') ?? document.getElementById('toasts'))?.append(line);
    try {
      await sendFile(url, file, (part) => (bar.value = part));
    } catch (error) {
      note(`${file.name}: ${/** @type {Error} */ (error).message}`, { bad: true });
    } finally {
      line.remove();
    }
  }
  note(t('uploaded'));
  await refresh(card).catch(sorry);
  reloadTab(card);
}

/** @param {HTMLElement} button @param {string} url @param {string} told @param {string} [back] */
async function act(button, url, told, back) {
  const card = cardOf(button);
  try {
    await ask(url, { post: {} });
    note(told, back ? { action: t('undo'), act: () => ask(back, { post: {} }).then(() => card && reloadTab(card)).catch(sorry) } : {});
    if (card) reloadTab(card);
  } catch (error) {
    sorry(error);
  }
}

document.addEventListener('click', (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const drop = /** @type {HTMLElement | null | undefined} */ (target?.closest('[data-file-drop]'));
  if (drop) act(drop, `${drop.dataset.fileDrop}/remove`, t('file-removed'), `${drop.dataset.fileDrop}/restore`);
  const back = /** @type {HTMLElement | null | undefined} */ (target?.closest('[data-file-back]'));
  if (back) act(back, back.dataset.fileBack ?? '', t('restored'));
});
document.addEventListener('change', (event) => {
  const input = event.target;
  if (!(input instanceof HTMLInputElement) || !input.matches('[data-upload-input]')) return;
  const card = cardOf(input);
  if (card && input.files?.length) send(card, input.files, /** @type {HTMLElement} */ (input.closest('[data-upload]')).dataset.upload ?? '').catch(sorry);
});

/** The card over which files are held. @param {DragEvent} event */
const under = (event) => {
  if (!event.dataTransfer?.types.includes('Files') || !(event.target instanceof Element)) return null;
  return /** @type {HTMLElement | null} */ (event.target.closest('[data-card][data-drop]'));
};
document.addEventListener('dragover', (event) => {
  const card = under(event);
  document.querySelectorAll('.files-over').forEach((one) => one !== card && one.classList.remove('files-over'));
  if (!card) return;
  event.preventDefault();
  card.dataset.dropText = t('drop-here');
  card.classList.add('files-over');
});
document.addEventListener('dragleave', (event) => {
  if (!event.relatedTarget) document.querySelectorAll('.files-over').forEach((one) => one.classList.remove('files-over'));
});
document.addEventListener('drop', (event) => {
  const card = under(event);
  document.querySelectorAll('.files-over').forEach((one) => one.classList.remove('files-over'));
  if (!card || !event.dataTransfer) return;
  event.preventDefault();
  send(card, event.dataTransfer.files, card.dataset.drop ?? '').catch(sorry);
});
