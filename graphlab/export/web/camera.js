// Panning and zooming: wheel, drag, two fingers, buttons and keys.

const CLOSEST = 4;
const READABLE = 0.62; // of the cards' size: a picture that fits at this scale is shown whole

export class Camera {
  constructor(svg, scene) {
    this.svg = svg;
    this.scene = scene;
    this.x = this.y = 0;
    this.scale = 1;
    this.pointers = new Map();
    this.known = null; // measured once a size, not once a step
    new ResizeObserver(() => (this.known = null)).observe(svg);
    svg.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    svg.addEventListener("pointerdown", (event) => this.down(event));
    svg.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) svg.addEventListener(name, (event) => this.up(event));
  }

  apply() {
    this.scene.setAttribute("transform", `translate(${this.x.toFixed(1)},${this.y.toFixed(1)}) scale(${this.scale.toFixed(4)})`);
  }

  size() {
    if (!this.known) {
      const box = this.svg.getBoundingClientRect();
      this.known = [box.width || 800, box.height || 600];
    }
    return this.known;
  }

  /** The whole picture; where that would be too small to be read, its start at the scale `least`. */
  fit(width, height, least = 0) {
    const [w, h] = this.size();
    const whole = Math.min((w - 16) / width, (h - 16) / height, 1.6);
    this.scale = whole < READABLE ? Math.max(whole, least) : whole;
    this.x = width * this.scale > w - 16 ? 8 : (w - width * this.scale) / 2;
    this.y = Math.max((h - height * this.scale) / 2, 8);
    this.apply();
  }

  zoom(factor, x, y) {
    const [w, h] = this.size();
    const [cx, cy] = [x ?? w / 2, y ?? h / 2];
    const scale = Math.min(Math.max(this.scale * factor, 0.02), CLOSEST);
    this.x = cx - ((cx - this.x) * scale) / this.scale;
    this.y = cy - ((cy - this.y) * scale) / this.scale;
    this.scale = scale;
    this.apply();
  }

  /** Moves as little as needed to bring a box into sight, with something of what is around it. */
  reveal({ x, y, card }) {
    const [w, h] = this.size();
    const [left, top] = [this.x + x * this.scale, this.y + y * this.scale];
    const [right, bottom] = [left + card.w * this.scale, top + card.h * this.scale];
    this.x += shift(left, right, w);
    this.y += shift(top, bottom, h);
    this.apply();
  }

  wheel(event) {
    event.preventDefault();
    const box = this.svg.getBoundingClientRect();
    if (event.shiftKey) {
      this.x -= event.deltaY;
      this.apply();
      return;
    }
    this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX - box.x, event.clientY - box.y);
  }

  down(event) {
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    this.dragged = false;
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    if (this.pointers.size === 2) this.pinch(event.pointerId, now);
    else if (this.dragged || Math.hypot(now[0] - before[0], now[1] - before[1]) > 4) {
      if (!this.dragged) this.svg.setPointerCapture(event.pointerId);
      this.dragged = true;
      this.x += now[0] - before[0];
      this.y += now[1] - before[1];
      this.apply();
      this.pointers.set(event.pointerId, now);
      return;
    }
    if (this.pointers.size === 2) this.pointers.set(event.pointerId, now);
  }

  pinch(id, now) {
    const other = [...this.pointers].find(([key]) => key !== id)[1];
    const before = this.pointers.get(id);
    const apart = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
    const box = this.svg.getBoundingClientRect();
    this.zoom(apart(now) / apart(before), (now[0] + other[0]) / 2 - box.x, (now[1] + other[1]) / 2 - box.y);
    this.dragged = true;
  }

  up(event) {
    this.pointers.delete(event.pointerId);
  }
}

/** How far what lies from `start` to `end` must move to be in sight in a room of this size. */
function shift(start, end, room) {
  const edge = Math.max(Math.min(90, (room - (end - start)) / 2), 8);
  if (start >= edge && end <= room - edge) return 0;
  return start < edge || end - start > room - 2 * edge ? edge - start : room - edge - end;
}
