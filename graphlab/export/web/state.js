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

/** Writes the scene into the address, without a new entry in the history. */
export function writeAddress(values) {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(given).toString();
  try {
    history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
  } catch {
    // a page inside another page may not have an address of its own
  }
}
