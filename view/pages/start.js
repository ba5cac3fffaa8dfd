// Which pages there are, and the first of them.
(async () => {
  const main = document.getElementById("main");
  try {
    const overview = await ask("api/overview");
    if (!carried || overview.text) {
      const page = new TokensPage(overview);
      pages.push({ id: "tokens", title: "Tokens", page, show: (element) => page.show(element) });
    }
    overview.folders.forEach((folder, i) => pages.push({ id: String(i), title: folder.name, show: (element) => new ({ training: TrainingPage, run: RunPage, measures: MeasuresPage }[folder.kind])(overview, i).show(element) }));
    if (overview.folders.length && !location.hash && !overview.text) location.replace("#0");
    addEventListener("hashchange", showPage);
    showPage();
  } catch (error) {
    showError(main, error);
  }
})();
