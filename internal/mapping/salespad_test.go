package mapping_test

import (
	"testing"

	"crosswalk/internal/mapping"
)

// SalesPad's presets load, alone and together; its Company Link is the same documents and writes nothing on either side.
func TestSalesPadPresets(t *testing.T) {
	if got := mapping.CheckSet(presets(t, "hubspot-salespad")); len(got) > 0 {
		t.Errorf("together: %v", got)
	}
	for _, set := range mapping.WholeSets() {
		if set.Name != "hubspot-salespad/link" {
			continue
		}
		var all []*mapping.Mapping
		for _, p := range set.Presets {
			m, err := mapping.Load(p.YAML, language())
			if err != nil {
				t.Fatalf("%s:\n%v", p.Name, err)
			}
			if !m.LinksOnly() || m.TwoWay() {
				t.Errorf("%s writes", p.Name)
			}
			all = append(all, m)
		}
		if got := mapping.CheckSet(all); len(got) > 0 || len(all) != 4 {
			t.Errorf("%d together: %v", len(all), got)
		}
	}
}
