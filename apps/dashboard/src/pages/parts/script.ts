/**
 * The script of every page: follows what happens, and moves by keys. A page works without it. It asks for the page again and takes the
 * changed part, so that there is one way to build a page.
 */
export const SCRIPT = /* js */ `const EVERY_MS = 5000;
const live = document.getElementById('live');
const button = document.getElementById('follow');
let isFollowing = live?.dataset.live !== undefined;
let isAsking = false;

// what the reader is working on stays as it is
const isBusy = () => document.hidden || live.contains(document.activeElement) || String(getSelection()) !== '' || live.querySelector('details[open]');

async function follow() {
  if (!isFollowing || isAsking || isBusy()) return;
  isAsking = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('live');
    if (answer.ok && page && !isBusy() && page.innerHTML !== live.innerHTML) live.replaceChildren(...page.childNodes);
    button.dataset.state = answer.ok ? '' : 'failed';
  } catch {
    button.dataset.state = 'failed';
  } finally {
    isAsking = false;
    tell();
  }
}

function tell() {
  button.setAttribute('aria-pressed', String(isFollowing));
  button.textContent = !isFollowing ? 'Stopped' : button.dataset.state === 'failed' ? 'Live: no answer' : 'Live';
}

if (button) {
  button.hidden = false;
  button.addEventListener('click', () => {
    isFollowing = !isFollowing;
    tell();
  });
  setInterval(follow, EVERY_MS);
}

const rows = () => [...document.querySelectorAll('[data-row] a.open')];
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, select, textarea')) return;
  if (event.key === '/') {
    const search = document.querySelector('input[type=search]');
    if (search) {
      event.preventDefault();
      search.focus();
    }
  }
  if (event.key === 'j' || event.key === 'k') {
    const all = rows();
    const at = all.indexOf(document.activeElement);
    const next = all[event.key === 'j' ? at + 1 : Math.max(0, at - 1)];
    next?.focus();
  }
});
`;
