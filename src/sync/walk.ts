export interface Walker<C, T> {
  /** Fetches what is to be known of a directory. May run long before its turn, and several at once. */
  load(context: C): Promise<T>;
  /** The directories below, in order; called at its turn. */
  children(context: C, value: T): Iterable<C>;
  /** How much a loaded value weighs in memory. */
  weigh(value: T): number;
}

export interface LookAhead {
  /** Loads under way or waiting for their turn at once. 1 loads each directory at its turn. */
  readonly directories: number;
  /**
   * Of what is loaded, and of what is being loaded, taken to weigh as much as others did: what is asked for all at once
   * arrives all at once, and only then the first can be dealt with.
   */
  readonly maxWeight: number;
}

interface Node<C, T> {
  readonly context: C;
  loading: Promise<T> | undefined;
  weight: number;
}

/**
 * Visits a tree of directories in pre-order, each before its children, and loads the next ones meanwhile, so that the
 * other side's latency is paid once and not per directory. Holds the directories of one branch, not of the tree.
 */
export async function* walk<C, T>(
  root: C,
  walker: Walker<C, T>,
  ahead: LookAhead,
): AsyncGenerator<{ readonly context: C; readonly value: T }> {
  const stack: Node<C, T>[] = [{ context: root, loading: undefined, weight: 0 }];
  let held = 0;
  let underWay = 0;
  let loaded = 0;
  let weighed = 0;

  const start = (node: Node<C, T>): Promise<T> => {
    underWay++;
    node.loading = walker
      .load(node.context)
      .finally(() => underWay--)
      .then((value) => {
        node.weight = walker.weigh(value);
        held += node.weight;
        weighed += node.weight;
        loaded++;
        return value;
      });
    // It may fail before its turn; whoever awaits it then still sees the error.
    node.loading.catch(() => {});
    return node.loading;
  };

  const isFull = (): boolean => held + (underWay * weighed) / Math.max(loaded, 1) >= ahead.maxWeight;

  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    const loading = node.loading ?? start(node);
    for (let i = stack.length - 1, n = 1; i >= 0 && n < ahead.directories && !isFull(); i--, n++) {
      const next = stack[i];
      if (next !== undefined && next.loading === undefined) void start(next);
    }
    const value = await loading;
    held -= node.weight;
    yield { context: node.context, value };
    const children = [...walker.children(node.context, value)];
    for (let i = children.length - 1; i >= 0; i--) {
      stack.push({ context: children[i] as C, loading: undefined, weight: 0 });
    }
  }
}
