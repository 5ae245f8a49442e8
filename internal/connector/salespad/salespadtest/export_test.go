package salespadtest

// FieldSpec is a field as the simulator has it, for the test that holds it against the contract.
type FieldSpec struct {
	Max, Width     int
	Must, ReadOnly bool
	OnCreate       bool
	Enum           []string
	Type           string
}

// Fields gives the fields of a resource.
func (s *Sim) FieldSpecs(resource string) map[string]FieldSpec {
	out := map[string]FieldSpec{}
	for _, f := range s.kinds[resource].fields {
		spec := FieldSpec{f.max, f.width, f.must, f.read, f.once, f.enum, "string"}
		switch f.kind {
		case boolValue:
			spec.Type = "boolean"
		case integerValue:
			spec.Type = "integer"
		case moneyValue, numberValue:
			spec.Type = "number"
		}
		out[f.name] = spec
	}
	return out
}
