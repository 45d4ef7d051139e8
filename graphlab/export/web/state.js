// What the page shows, in one place: who wants to know listens, and the address keeps what a link should bring back.

export class State {
  constructor(values) {
    this.values = values;
    this.listeners = [];
  }

  get(name) {
    return this.values[name];
  }

  /** Change some values; listeners hear which ones are different now. */
  set(patch) {
    const changed = new Set();
    for (const [name, value] of Object.entries(patch)) {
      if (this.values[name] !== value) {
        this.values[name] = value;
        changed.add(name);
      }
    }
    if (changed.size) for (const listener of this.listeners) listener(changed);
  }

  listen(listener) {
    this.listeners.push(listener);
  }
}

/** The address's part behind #, as names and values. */
export function readAddress() {
  return Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
}

const REST = 300; // ms between two: writing it takes longer than a step, and browsers stop those who do it often
let waiting = null;
let last = -Infinity;

/** Writes the scene into the address, at once or, where steps follow fast, when there is time. */
export function writeAddress(values) {
  clearTimeout(waiting);
  const left = last + REST - performance.now();
  if (left > 0) waiting = setTimeout(() => writeNow(values), left);
  else writeNow(values);
}

/** Without a new entry in the history. */
function writeNow(values) {
  last = performance.now();
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(given).toString();
  try {
    history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
  } catch {
    // a page inside another page may not have an address of its own
  }
}
