package memory_test

import (
	"testing"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/store/memory"
	"crosswalk/internal/store/storetest"
)

func TestTable(t *testing.T) {
	storetest.Run(t, func(*testing.T) table.Table { return memory.New() })
}

func TestFaultyWithoutHooksIsATable(t *testing.T) {
	storetest.Run(t, func(*testing.T) table.Table { return &memory.Faulty{Inner: memory.New()} })
}
