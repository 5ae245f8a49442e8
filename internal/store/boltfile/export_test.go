package boltfile

// Waiting tells how many writes wait for the transaction under way to end.
func (f *File) Waiting() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.waiting)
}
