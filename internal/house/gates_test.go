package house

import (
	"go/ast"
	"slices"
	"testing"
)

// TestGatesHaveNoOtherDoor: SetStatus moves a mapping with no gate in between. Nothing that a person can reach calls it: the
// operator API goes by the engine's lifecycle, which has the gates.
func TestGatesHaveNoOtherDoor(t *testing.T) {
	may := []string{"internal/simulation/worker.go", "internal/simulation/paireditor.go", "functions/local/bench.go"}
	for _, s := range sources(t) {
		if slices.Contains(may, s.file) {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "SetStatus" {
					t.Errorf("%s: a mapping is moved past its gates", s.fset.Position(n.Pos()))
				}
			}
			return true
		})
	}
}
