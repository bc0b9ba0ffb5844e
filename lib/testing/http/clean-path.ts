const unclean = /\/\/|\/\.\.?(?:\/|$)/;

/** A path without empty elements, `.` and `..`, which never leads above the root. A last slash stays. */
export function cleanPath(path: string): string {
  if (path.startsWith('/') && !unclean.test(path)) return path;
  const elements: string[] = [];
  for (const element of path.split('/')) {
    if (element === '..') elements.pop();
    else if (element !== '' && element !== '.') elements.push(element);
  }
  const clean = `/${elements.join('/')}`;
  return path.endsWith('/') && clean !== '/' ? `${clean}/` : clean;
}
