package engine

import (
	"context"
	"time"
)

// Differences are what a reconciliation found that the one before it of the same month had not. They carry counts, categories
// and ids, never names, addresses or amounts.
type Differences struct {
	Mapping    string         `json:"mapping"`
	Month      string         `json:"month"`
	Run        string         `json:"run"`
	Text       string         `json:"text"`
	Command    string         `json:"command"` // shows them
	Categories map[string]int `json:"categories"`
	At         time.Time      `json:"at"`
}

// Teller hears of new differences between deals and documents; who is told, and how often, is its own business. It is told at
// least once: Run tells a repetition.
type Teller interface {
	TellDifferences(ctx context.Context, d Differences) error
}
