// Waits for news of the order that the page shows, and then shows it anew.
const { news } = document.currentScript.dataset;
const wait = () =>
  fetch(news).then((answer) => (answer.ok ? location.reload() : setTimeout(wait, 3000))).catch(() => setTimeout(wait, 3000));
wait();
