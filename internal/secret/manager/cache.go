package manager

import (
	"slices"
	"sync"
	"time"
)

// cache holds values for seconds, so that a burst of work on a connection reads its credential once. The zero cache is ready.
type cache struct {
	mu    sync.Mutex
	known map[string]cached
	drops int
}

type cached struct {
	version string
	value   []byte
	at      time.Time
}

// get gives a value that is young enough and, where a version is marked, of that version.
func (c *cache) get(name, marked string, fresh time.Duration) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.known[name]
	if !ok || time.Since(v.at) >= fresh || marked != "" && marked != v.version {
		return nil, false
	}
	return slices.Clone(v.value), true
}

// reading begins a read: what it gives is kept only if nothing was put since, in this process.
func (c *cache) reading() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.drops
}

func (c *cache) put(name, version string, value []byte, began int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if began != c.drops {
		return
	}
	if c.known == nil {
		c.known = map[string]cached{}
	}
	c.known[name] = cached{version, slices.Clone(value), time.Now()}
}

func (c *cache) drop(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, name)
	c.drops++
}
