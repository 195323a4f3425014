// Light or dark: as the system has it, until the switch in the bar says otherwise. It runs before the page is
// painted, so that nothing flashes; hence no module.

(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  const kept = () => {
    try {
      return localStorage.getItem("p2pci-theme");
    } catch {
      return null; // storage may be forbidden
    }
  };

  const show = () => {
    const theme = kept() || (system.matches ? "dark" : "light");
    root.dataset.theme = theme;
    const other = theme === "dark" ? "light" : "dark";
    document.getElementById("theme")?.setAttribute("aria-label", `Switch to ${other} colours`);
  };

  show();
  system.addEventListener("change", show);
  addEventListener("storage", show);
  document.addEventListener("DOMContentLoaded", () => {
    show();
    document.getElementById("theme")?.addEventListener("click", () => {
      try {
        localStorage.setItem("p2pci-theme", root.dataset.theme === "dark" ? "light" : "dark");
      } catch {
        return;
      }
      show();
    });
  });
})();
