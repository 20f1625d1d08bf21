/** The connection to the server: frames go up at the pace it sets, answers come down. */

/** The server answers every frame; longer silence than this is a lost connection. */
const SILENCE_MS = 10_000;

/**
 * @typedef {object} Pace what the server asks of us, from its `ready` message
 * @property {number} max_in_flight frames that may be unanswered
 * @property {number} interval_ms least time between two frames
 * @property {number} long_side pixels
 * @property {number} quality of the JPEG, 0..1
 *
 * @typedef {object} Listener
 * @property {() => void} onReady
 * @property {(answer: {hint: string, progress: number}) => void} onAnswer to one frame
 * @property {(end: {type: string, captures_left?: number, reason?: string}) => void} onEnd the server's last word
 * @property {(starved: boolean) => void} onLost closed, or silent, without a last word; starved: silent because
 *   the camera gave no frame to send
 */

export class CaptureSocket {
  /** @param {string} path of the WebSocket, on this page's own origin @param {Listener} listener */
  constructor(path, listener) {
    this.listener = listener;
    this.pace = /** @type {Pace | null} */ (null);
    this.inFlight = 0;
    this.lastSent = -Infinity;
    const url = new URL(path, location.href);
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    this.socket = new WebSocket(url);
    this.socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    this.socket.onclose = () => this.#lose(false);
    this.#listenForSilence();
  }

  /** Whether a frame taken now may be sent; if not, it is dropped, never queued. @param {number} now ms */
  wantsFrame(now) {
    return this.pace !== null
      && this.inFlight < this.pace.max_in_flight
      && now - this.lastSent >= this.pace.interval_ms;
  }

  /** Count a frame as under way, before its encoding begins. @param {number} now ms */
  reserve(now) {
    this.inFlight += 1;
    this.lastSent = now;
  }

  /** @param {Blob | null} jpeg the reserved frame; null gives the reservation back */
  send(jpeg) {
    if (jpeg && this.socket.readyState === WebSocket.OPEN) this.socket.send(jpeg);
    else this.inFlight -= 1;
  }

  /** Hang up; nothing is reported afterwards. */
  close() {
    clearTimeout(this.silence);
    this.listener = null;
    this.pace = null;
    this.socket.close();
  }

  #receive(message) {
    if (!this.listener) return;
    this.#listenForSilence();
    if (message.type === 'ready') {
      this.pace = message;
      this.listener.onReady();
    } else if (message.type === 'frame') {
      this.inFlight -= 1;
      this.listener.onAnswer(message);
    } else {
      const { listener } = this;
      this.close();
      listener.onEnd(message);
    }
  }

  /** @param {boolean} starved */
  #lose(starved) {
    const { listener } = this;
    if (!listener) return;
    this.close();
    listener.onLost(starved);
  }

  #listenForSilence() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.#lose(this.pace !== null && this.lastSent < 0), SILENCE_MS);
  }
}
