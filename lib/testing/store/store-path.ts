/** A path of the store's, from a key as users write it. */
export function storePath(key: string): string {
  const bytes = Buffer.from(key, 'utf8').toString('latin1');
  return `/${bytes
    .split('/')
    .filter((element) => element !== '')
    .join('/')}`;
}
