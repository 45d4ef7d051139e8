// On a page that is served: asks now and then whether the model has changed, and shows what is wrong with it.

export function watch(url, banner) {
  let version = null;
  setInterval(async () => {
    try {
      const answer = await (await fetch(url, { cache: "no-store" })).json();
      version = version ?? answer.version;
      if (answer.version !== version) location.reload();
      else if (answer.error) {
        banner.dataset.live = "error";
        banner.hidden = false;
        banner.textContent = answer.error;
      } else if (banner.dataset.live) {
        delete banner.dataset.live;
        banner.hidden = true;
      }
    } catch {
      // the server is gone; what is shown stays
    }
  }, 700);
}
