package engine

import "slices"

// inOrder divides the items of a batch by the places they belong to, so that what records refer to is worked before them: a customer and
// its contact may come in one batch, and the contact then finds the customer's counterpart instead of waiting for it and being read once
// more. Worked together are places that refer to each other in a circle, those that have nothing to do with one another, and those where
// records are made only because others need them: who needs them is known when both are looked at.
func (b *batch) inOrder(items []*item) [][]*item {
	if b.preview {
		return [][]*item{items} // what a preview foresees is in no order
	}
	bySlot := map[string][]*item{}
	var slots []string
	for _, i := range items {
		slot := i.group[0].Slot
		if bySlot[slot] == nil {
			slots = append(slots, slot)
		}
		bySlot[slot] = append(bySlot[slot], i)
	}
	if len(slots) < 2 {
		return [][]*item{items}
	}
	refers := map[string][]string{}
	for _, slot := range slots {
		for _, i := range bySlot[slot] {
			for _, a := range i.group {
				refers[slot] = append(refers[slot], b.set.placesOf(a)...)
			}
			refers[slot] = distinct(refers[slot])
		}
	}
	var out [][]*item
	for len(slots) > 0 {
		ready := slices.DeleteFunc(slices.Clone(slots), func(slot string) bool {
			return slices.ContainsFunc(refers[slot], func(other string) bool { return other != slot && slices.Contains(slots, other) })
		})
		if len(ready) == 0 { // a circle
			ready = slots
		}
		var part []*item
		for _, slot := range ready {
			part = append(part, bySlot[slot]...)
		}
		out = append(out, part)
		slots = slices.DeleteFunc(slices.Clone(slots), func(slot string) bool { return slices.Contains(ready, slot) })
	}
	return out
}

// placesOf are the slots of the records that a mapping's records refer to and cannot be without.
func (s *mappingSet) placesOf(a *Active) []string {
	var names, out []string
	for _, f := range a.Fields {
		if f.Required { // what may be lacking is added later
			names = append(names, f.Throughs()...)
		}
	}
	for _, name := range names {
		if to := s.byName[name]; to != nil && to.AToB.Create.When != "needed" && to.BToA.Create.When != "needed" {
			out = append(out, to.Slot)
		}
	}
	return out
}
