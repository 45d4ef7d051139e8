// Folding and unfolding: scenes whose pictures were laid out beforehand, and the way from one to another.

export class Folding {
  /** page: its data, state, run and timeline. */
  constructor(page) {
    this.page = page;
    this.data = page.data;
  }

  get scene() {
    return this.page.state.get("scene");
  }

  /** The scene an address asks for; none where it says nothing of folding. */
  sceneOf({ fold, unfold }) {
    if (fold === undefined && unfold === undefined) return null;
    return this.nearest(new Set(listed(fold ?? "")), new Set(listed(unfold ?? "")));
  }

  /** The scene with just these folded and unfolded; where there is none, the one with `must` that differs least. */
  nearest(folded, unfolded, must = () => true) {
    const distance = (scene) => apart(folded, scene.folded) + apart(unfolded, scene.unfolded);
    const able = this.data.scenes.filter(must);
    return able.length ? able.reduce((best, scene) => (distance(scene) < distance(best) ? scene : best)) : null;
  }

  foldScope(scope) {
    const { folded, unfolded } = this.scene;
    const on = !folded.includes(scope);
    const wanted = new Set(on ? [...folded, scope] : folded.filter((name) => name !== scope));
    this.openScene(this.nearest(wanted, new Set(unfolded), (scene) => scene.folded.includes(scope) === on));
  }

  /** Whether there is a scene with this scope folded. */
  isFoldable(scope) {
    return this.data.scenes.some((scene) => scene.folded.includes(scope));
  }

  /** Whether a scope is open and can be folded. */
  canFold(scope) {
    return !this.scene.folded.includes(scope) && this.isFoldable(scope);
  }

  unfoldNode(place) {
    const { folded, unfolded } = this.scene;
    const { name } = this.data.nodes[this.page.run.node(place)];
    const on = !unfolded.includes(name);
    const wanted = new Set(on ? [...unfolded, name] : unfolded.filter((other) => other !== name));
    this.openScene(this.nearest(new Set(folded), wanted, (scene) => scene.unfolded.includes(name) === on));
  }

  /** Another scene, at the same work of the same node. */
  openScene(scene) {
    if (!scene || scene === this.scene) return;
    this.page.timeline.play(false);
    const before = this.page.state.get("step");
    const moment = this.page.run.moments[before - 1];
    const run = this.page.runOf(scene);
    const step = !moment ? 0 : before === this.page.run.length ? run.length : run.endOf(moment.owner, moment.phase);
    const node = this.page.state.get("node");
    const owner = node === null ? null : (this.data.nodes[node].part_of ?? node);
    this.page.state.set({ scene, step, node: owner });
  }

  /** Folds or unfolds what is chosen: a scope's box, a node made of smaller steps, or one of these. */
  open(box) {
    const node = this.data.nodes[box.main];
    if (box.card.role === "fold") this.foldScope(box.name);
    else if (this.data.unfoldings[this.page.run.node(box.main)]) this.unfoldNode(box.main);
    else if (node.part_of !== undefined) this.unfoldNode(node.part_of);
    else if (node.scope && this.isFoldable(node.scope)) this.foldScope(node.scope);
  }

  frame(scope) {
    const place = this.page.nodeOf(scope);
    if (place !== null && this.page.run.unfolded.has(place)) this.unfoldNode(place);
    else if (this.isFoldable(scope)) this.foldScope(scope);
  }

  /** Opens what a node is folded away in, where there is a picture of that. */
  reach(place) {
    const { folded, unfolded } = this.scene;
    const { scope } = this.data.nodes[place];
    const holds = (name) => scope === name || scope.startsWith(`${name}.`);
    const open = folded.filter((name) => !holds(name));
    this.openScene(this.nearest(new Set(open), new Set(unfolded), (scene) => !scene.folded.some(holds)));
  }
}

/** Names in an address, apart by commas; a comma of a name's own is %2C there. */
function listed(text) {
  return text.split(",").filter(Boolean).map((name) => name.replaceAll("%2C", ","));
}

/** The address's text for some names; for none a comma, which says that there are none. */
export function listing(names) {
  return names.map((name) => name.replaceAll(",", "%2C")).join(",") || ",";
}

function apart(wanted, given) {
  const others = new Set(given);
  return [...wanted].filter((name) => !others.has(name)).length + given.filter((name) => !wanted.has(name)).length;
}
