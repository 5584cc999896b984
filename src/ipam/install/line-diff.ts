// The lines in which two texts differ, for a person: what goes, what comes, and a little around it.

const around = 2;

/** Empty when they are the same. Lines begin with a blank, `-` or `+`; `…` stands for what is left out. */
export const lineDiff = (before: string, after: string): readonly string[] => {
  const marked = markLines(before.split('\n'), after.split('\n'));
  const isChange = marked.map((line) => line[0] !== ' ');
  const isShown = marked.map((_, index) =>
    isChange.slice(Math.max(0, index - around), index + around + 1).includes(true),
  );
  if (!isShown.includes(true)) return [];
  return marked.flatMap((line, index) => {
    if (isShown[index]) return [line];
    return isShown[index - 1] || (index === 0 && isShown.includes(true)) ? ['…'] : [];
  });
};

/** By the longest common subsequence; for files of some hundred lines. */
const markLines = (one: readonly string[], other: readonly string[]): string[] => {
  const common = one.map(() => new Uint32Array(other.length + 1));
  common.push(new Uint32Array(other.length + 1));
  for (let i = one.length - 1; i >= 0; i--) {
    for (let j = other.length - 1; j >= 0; j--) {
      const isSame = one[i] === other[j];
      common[i]![j] = isSame ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
    }
  }
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < one.length || j < other.length) {
    if (i < one.length && j < other.length && one[i] === other[j]) {
      lines.push(` ${one[i++]}`);
      j++;
    } else if (i < one.length && (j === other.length || common[i + 1]![j]! >= common[i]![j + 1]!)) {
      lines.push(`-${one[i++]}`);
    } else {
      lines.push(`+${other[j++]}`);
    }
  }
  return lines;
};
