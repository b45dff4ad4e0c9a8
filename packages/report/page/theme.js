const darkScheme = matchMedia('(prefers-color-scheme: dark)');

function isDark() {
  const chosen = document.documentElement.dataset['theme'];
  return chosen === undefined ? darkScheme.matches : chosen === 'dark';
}

/**
 * Follows the reader's system until the button is pressed.
 *
 * @param {() => void} onChange
 */
function followTheme(onChange) {
  darkScheme.addEventListener('change', onChange);
  document.getElementById('theme')?.addEventListener('click', () => {
    document.documentElement.dataset['theme'] = isDark() ? 'light' : 'dark';
    onChange();
  });
}
