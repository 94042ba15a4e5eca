import type { Place } from './script-error.ts'

/** The text of a code block, read: the part of Python that assertions in scripts are written in. */
export interface CodeBlock {
  readonly statements: readonly CodeStatement[]
  readonly place: Place
}

export type CodeStatement =
  | {
      readonly kind: 'assert'
      readonly test: CodeExpression
      readonly message: CodeExpression | undefined
      /** The test as it was written. */
      readonly text: string
      readonly place: Place
    }
  | { readonly kind: 'assign'; readonly name: string; readonly value: CodeExpression; readonly place: Place }
  | {
      readonly kind: 'if'
      readonly test: CodeExpression
      readonly then: readonly CodeStatement[]
      readonly otherwise: readonly CodeStatement[]
      readonly place: Place
    }
  | { readonly kind: 'expression'; readonly value: CodeExpression; readonly place: Place }
  | { readonly kind: 'pass'; readonly place: Place }

export type CodeExpression =
  | { readonly kind: 'value'; readonly value: CodeValue; readonly place: Place }
  | { readonly kind: 'name'; readonly name: string; readonly place: Place }
  | { readonly kind: 'tuple'; readonly items: readonly CodeExpression[]; readonly place: Place }
  | {
      readonly kind: 'call'
      readonly name: string
      readonly arguments: readonly CodeExpression[]
      readonly place: Place
    }
  | { readonly kind: 'unary'; readonly operator: string; readonly of: CodeExpression; readonly place: Place }
  | {
      readonly kind: 'binary'
      readonly operator: string
      readonly left: CodeExpression
      readonly right: CodeExpression
      readonly place: Place
    }
  /** `first op operand op operand ...`: each neighbouring pair must hold. */
  | {
      readonly kind: 'compare'
      readonly first: CodeExpression
      readonly rest: readonly { readonly operator: string; readonly operand: CodeExpression }[]
      readonly place: Place
    }
  | {
      readonly kind: 'choice'
      readonly test: CodeExpression
      readonly then: CodeExpression
      readonly otherwise: CodeExpression
      readonly place: Place
    }

/** What an expression can be worth. Python's integers and floats are both numbers here. */
export type CodeValue = number | boolean | string | null | readonly CodeValue[]
