export interface HeapFigure {
  key: string
  operations: number
  /** Heap bytes of one operation. */
  bytes: number
  /** The same of the control, which allocates one object per operation. */
  control: number
}

export declare const LOADER: string[]

export declare function measureHeap(key: string, operations: number): HeapFigure
