package shelf

import "context"

// Mark gives what SetMark last noted for a name, "" for nothing. Shelf is a manager.Marks.
func (s *Shelf) Mark(ctx context.Context, name string) (string, error) {
	data, err := s.Get(ctx, "mark/"+name)
	return string(data), err
}

// SetMark notes a mark for a name; "" takes it away.
func (s *Shelf) SetMark(ctx context.Context, name, mark string) error {
	return s.Swap(ctx, "mark/"+name, func([]byte) ([]byte, bool) { return []byte(mark), true })
}
