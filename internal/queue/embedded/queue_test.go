package embedded_test

import (
	"path/filepath"
	"testing"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/queue"
	"crosswalk/internal/queue/embedded"
	"crosswalk/internal/queue/queuetest"
)

func open(t testing.TB, path string, opts embedded.Options) *embedded.Queue {
	t.Helper()
	q, err := embedded.Open(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	return q
}

func TestMemory(t *testing.T) {
	queuetest.Run(t, func(*testing.T) lane.Queue { return embedded.NewMemory(embedded.Options{}) },
		queuetest.Options{Virtual: true})
}

func TestFile(t *testing.T) {
	paths := map[lane.Queue]string{} // cases run one after the other
	at := func(t *testing.T, path string) lane.Queue {
		q := open(t, path, embedded.Options{})
		paths[q] = path
		return q
	}
	queuetest.Run(t, func(t *testing.T) lane.Queue { return at(t, filepath.Join(t.TempDir(), "queue.db")) },
		queuetest.Options{Virtual: true, Reopen: func(t *testing.T, q lane.Queue) lane.Queue {
			if err := q.(*embedded.Queue).Close(); err != nil {
				t.Fatal(err)
			}
			return at(t, paths[q])
		}})
}

func TestMeterIsAQueue(t *testing.T) {
	queuetest.Run(t, func(*testing.T) lane.Queue { return queue.NewMeter(embedded.NewMemory(embedded.Options{})) },
		queuetest.Options{Virtual: true})
}

// TestChooserOfEverythingIsAQueue: the chooser's way through Receive keeps the same promises.
func TestChooserOfEverythingIsAQueue(t *testing.T) {
	backwards := func(_ lane.Lane, n, _ int) (picks []embedded.Pick) {
		for i := range n {
			picks = append(picks, embedded.Pick{Index: n - 1 - i})
		}
		return picks
	}
	queuetest.Run(t, func(*testing.T) lane.Queue { return embedded.NewMemory(embedded.Options{Choose: backwards}) },
		queuetest.Options{Virtual: true})
}
