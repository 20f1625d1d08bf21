/** Hints come with every frame; a person can read only those that last. */

const LASTING_MS = 400;

/** Lets a hint through once it has been the same for a while; the very first one at once. */
export class HintFilter {
  constructor() {
    this.shown = '';
    this.candidate = '';
    this.since = 0;
  }

  /**
   * @param {string} hint of the newest frame
   * @param {number} now ms
   * @returns {string} the hint to show now
   */
  settle(hint, now) {
    if (hint !== this.candidate) {
      this.candidate = hint;
      this.since = now;
    }
    if (!this.shown || now - this.since >= LASTING_MS) this.shown = hint;
    return this.shown;
  }
}

/** Says hints to a screen reader, but never faster than they can be spoken, and none twice in a row. */
export class Announcer {
  /** @param {HTMLElement} region with role=status @param {number} restMs between two announcements */
  constructor(region, restMs = 2500) {
    this.region = region;
    this.restMs = restMs;
    this.lastAt = -Infinity;
    this.timer = 0;
  }

  /** @param {string} words */
  say(words) {
    clearTimeout(this.timer);
    const rest = Math.max(0, this.lastAt + this.restMs - performance.now());
    this.timer = setTimeout(() => {
      if (this.region.textContent === words) return;
      this.lastAt = performance.now();
      this.region.textContent = words;
    }, rest);
  }

  /** Forget what was waiting to be said. */
  hush() {
    clearTimeout(this.timer);
    this.region.textContent = '';
  }
}
