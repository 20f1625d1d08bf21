/** What the person sees. All words stand in the page; here they are only shown and hidden. */

import { Announcer } from './hints.js';

export class View {
  /** @param {HTMLElement} root `<main id="capture">` */
  constructor(root) {
    this.root = root;
    this.hint = root.querySelector('#hint');
    this.progress = root.querySelector('#progress');
    this.buttons = { start: root.querySelector('#start'), 'try-again': root.querySelector('#try-again') };
    this.cancel = root.querySelector('#cancel');
    this.panels = [...root.querySelectorAll('[data-panel]')];
    this.signs = [...root.querySelectorAll('[data-sign]')];
    this.words = Object.fromEntries(
      [...root.querySelectorAll('[data-hint]')].map((item) => [item.dataset.hint, item.textContent]),
    );
    this.announcer = new Announcer(root.querySelector('#announcer'));
  }

  get state() {
    return this.root.dataset.state;
  }

  /** Camera picture, oval and hint; no panel. */
  showLive() {
    this.#enter('live', null);
    this.showProgress(0);
    this.showHint('connecting');
  }

  /** One panel in place of the camera picture. @param {string} state a `data-panel` */
  showPanel(state) {
    const panel = this.panels.find((candidate) => candidate.dataset.panel === state);
    this.announcer.hush();
    this.#enter(state, panel);
    // The heading takes the focus, so that it is read out and the next Tab reaches the button below it.
    if (state !== 'starting') panel.querySelector('h2').focus({ preventScroll: true });
  }

  /** @param {number} left captures that remain */
  showCapturesLeft(left) {
    this.root.querySelector('#captures-left').textContent = String(left);
  }

  /** @param {string} hint a `data-hint`; one that we have no words for changes nothing */
  showHint(hint) {
    const words = this.words[hint];
    if (!words || this.hint.textContent === words) return;
    this.hint.textContent = words;
    this.root.toggleAttribute('data-good', hint === 'ok' || hint === 'checking');
    if (hint === 'too_dark') document.documentElement.toggleAttribute('data-lamp', true);
    if (hint !== 'connecting') this.announcer.say(words);
  }

  /** @param {number} share 0..1 */
  showProgress(share) {
    this.progress.setAttribute('stroke-dashoffset', String(100 * (1 - Math.min(1, share))));
    this.progress.toggleAttribute('data-begun', share > 0);
  }

  #enter(state, panel) {
    const offers = panel?.dataset.offers;
    this.root.dataset.state = state;
    this.panels.forEach((each) => { each.hidden = each !== panel; });
    this.signs.forEach((sign) => { sign.hidden = sign.dataset.sign !== panel?.dataset.glyph; });
    Object.entries(this.buttons).forEach(([name, button]) => { button.hidden = name !== offers; });
    this.cancel.hidden = offers === 'leaving';
    if (state !== 'live') document.documentElement.removeAttribute('data-lamp');
  }
}
