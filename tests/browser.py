"""What tests of pages share: Debian's chromium, a phone, and the contrast of letters with what is behind them."""

import shutil
from pathlib import Path

import pytest

CHROMIUM = Path("/usr/bin/chromium")
PHONE = {"width": 360, "height": 780}
SLOW_MS = 120_000  # a busy machine takes its time; nothing here waits for as long otherwise
LEAST_CONTRAST = 4.5

# Luminance and contrast as WCAG 2.1 defines them; the background is that of the nearest ancestor that has one.
CONTRAST = """() => {
  const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = node => {
    for (let each = node; each; each = each.parentElement) {
      const found = rgb(getComputedStyle(each).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const node of document.querySelectorAll("main *, .skip")) {
    const own = [...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim());
    if (!own || node.closest("svg") || node.classList.contains("unseen")) continue;
    const [a, b] = [light(rgb(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < LEAST) faint.push(`${node.tagName} ${contrast.toFixed(2)} ${node.textContent.slice(0, 40)}`);
  }
  return faint;
}""".replace("LEAST", str(LEAST_CONTRAST))


def launched():
    """A browser, closed after its use; skips the test where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs the package playwright: pip install -e .[dev]")
    executable = CHROMIUM if CHROMIUM.exists() else shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        pytest.skip("needs a browser: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=executable, args=arguments, timeout=SLOW_MS)
        yield browser
        browser.close()
