package laptop

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"crosswalk/internal/app"
	"crosswalk/internal/engine"
)

// messages is an engine.Teller for a laptop: each message goes to a file of one JSON object a line, and, as text, to the
// terminal. A message that stands in the file already is passed over.
type messages struct {
	path     string
	terminal io.Writer // may be nil

	mu   sync.Mutex
	seen map[string]bool // ids in the file; nil before the first message
}

// MessagesPath is the file of what people were told, in the data folder.
func MessagesPath(c app.Config) string { return filepath.Join(c.Data, "messages.jsonl") }

// Tell appends one message and makes sure that it is on the disk.
func (m *messages) Tell(_ context.Context, message engine.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seen == nil {
		if err := m.read(); err != nil {
			return err
		}
	}
	if m.seen[message.ID] {
		return nil
	}
	line, err := json.Marshal(message)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(m.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("file of messages: %w", err)
	}
	_, err = file.Write(append(line, '\n'))
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("file of messages: %w", err)
	}
	m.seen[message.ID] = true
	if m.terminal != nil {
		_, _ = io.WriteString(m.terminal, message.Text()) // the file has it; a terminal that is gone is no reason to tell it twice
	}
	return nil
}

// read learns which messages the file has. A last line that was cut off by a kill is made a line of its own.
func (m *messages) read() error {
	data, err := os.ReadFile(m.path)
	if errors.Is(err, os.ErrNotExist) {
		m.seen = map[string]bool{}
		return nil
	}
	if err != nil {
		return fmt.Errorf("file of messages: %w", err)
	}
	if len(data) > 0 && data[len(data)-1] != '\n' {
		file, err := os.OpenFile(m.path, os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return fmt.Errorf("file of messages: %w", err)
		}
		_, err = file.WriteString("\n")
		if err = errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("file of messages: %w", err)
		}
	}
	seen := map[string]bool{}
	lines := bufio.NewReader(bytes.NewReader(data))
	for {
		line, err := lines.ReadBytes('\n')
		var one struct {
			ID string `json:"id"`
		}
		if json.Unmarshal(line, &one) == nil { // a line that was cut off is no message: it comes again
			seen[one.ID] = true
		}
		if err != nil {
			break
		}
	}
	m.seen = seen
	return nil
}
