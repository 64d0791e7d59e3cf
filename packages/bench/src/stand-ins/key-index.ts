/** Keys of a bucket in order, by their first folder: a list of one folder looks at no other. */
export interface KeyIndex {
  add(key: string): void;
  remove(key: string): void;
  /** Returns the keys of the folder that the prefix begins with, and all keys of the bucket for a shorter prefix. */
  sorted(bucket: string, prefix: string): readonly string[];
}

export function createKeyIndex(): KeyIndex {
  const folders = new Map<string, { keys: string[]; isSorted: boolean }>();
  const folderOf = (key: string): string => key.split('/', 2).join('/');
  const find = (name: string): { keys: string[]; isSorted: boolean } => {
    const folder = folders.get(name) ?? { keys: [], isSorted: true };
    folders.set(name, folder);
    if (!folder.isSorted) folder.keys.sort();
    folder.isSorted = true;
    return folder;
  };
  return {
    add(key) {
      const name = folderOf(key);
      const folder = folders.get(name) ?? find(name);
      folder.isSorted &&= key > (folder.keys.at(-1) ?? '');
      folder.keys.push(key);
    },
    remove(key) {
      const { keys } = find(folderOf(key));
      keys.splice(firstFrom(keys, key), 1);
    },
    sorted(bucket, prefix) {
      if (prefix.includes('/')) return find(folderOf(`${bucket}/${prefix}`)).keys;
      return [...folders.keys()]
        .filter((name) => name.startsWith(`${bucket}/`))
        .flatMap((name) => find(name).keys)
        .toSorted();
    },
  };
}

/** Returns the place of the first key that does not come before another text. */
export function firstFrom(keys: readonly string[], from: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? '') < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
