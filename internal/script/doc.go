// Package script runs the expressions and hooks of mapping documents: Starlark, in a child process of the same binary
// with bounds on time and memory (hard case T8, invariant S15). It promises that a script sees nothing but its
// arguments, that the same arguments give the same result, that no script holds a worker longer than its bounds or
// grows the worker's memory, and that a script which is stopped takes no other call of its batch with it.
//
// Start reading at program.go (what a mapping compiles), then runner.go (how calls are run), child.go (the parent's
// side of the process) and serve.go (the child's). rewrite.go says where this Starlark differs: numbers are exact
// decimals, and what can grow without bounds is bounded by rule before the process bounds have to.
package script
