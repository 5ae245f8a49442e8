package main

import (
	"context"
	"time"
)

// How long a vendor takes to answer.
const (
	shortAnswer time.Duration = 0
	longAnswer                = 50 * time.Millisecond
)

// speedRecords is how many contacts speed is measured over.
const speedRecords = 5000

func pairSpeed(ctx context.Context, n int, say func(figure) error) error { return nil }

func pairLatency(ctx context.Context, say func(figure) error) error { return nil }

func pairMemory(ctx context.Context, say func(figure) error) error { return nil }
