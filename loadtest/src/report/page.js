// Owns the page's life: draws all plots, draws them anew when the width changes or for paper, copies the command.

function drawAll() {
  document.getElementById("hatch")?.closest("defs").remove();
  crossed = [];
  for (const figure of document.querySelectorAll("figure[data-plot]")) {
    const { plot } = figure.dataset;
    if (plot === "histogram") drawHistogram(figure);
    else if (plot === "tails") drawTails(figure);
    else if (plot === "kept") drawSteps(figure, [{ name: "acked", look: "a", of: (step) => step.acked }], asCount, false);
    else if (plot === "knee") {
      drawSteps(figure, [
        { name: "p99", look: "b", of: (step) => step.p99_us },
        { name: "p50", look: "a", of: (step) => step.p50_us },
      ], asTime, true);
    } else drawOverTime(figure);
  }
}

drawAll();

let width = document.documentElement.clientWidth;
addEventListener("resize", () => {
  if (width === document.documentElement.clientWidth) return;
  width = document.documentElement.clientWidth;
  requestAnimationFrame(drawAll);
});

addEventListener("beforeprint", () => {
  page.isPaper = true;
  drawAll();
});
addEventListener("afterprint", () => {
  page.isPaper = false;
  drawAll();
});

const copy = document.getElementById("copy");
if (navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById("command").textContent);
    copy.textContent = "Copied";
    setTimeout(() => { copy.textContent = "Copy"; }, 1500);
  });
}
