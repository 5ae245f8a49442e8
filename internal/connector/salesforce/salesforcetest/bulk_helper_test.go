package salesforcetest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recordedFile reads a file of the shared material, which is beside the
// repository, or where CROSSWALK_SHARED says.
func recordedFile(t *testing.T, path string) []byte {
	t.Helper()
	dir := os.Getenv("CROSSWALK_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "..", "shared")
	}
	raw, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
	if err == nil {
		return raw
	}
	if os.Getenv("CROSSWALK_REQUIRE_SHARED") == "1" {
		t.Fatalf("the shared material is required: %v", err)
	}
	t.Skipf("the shared material is not here: %v", err)
	return nil
}

func recordedInto(t *testing.T, path string, into any) {
	t.Helper()
	if err := json.Unmarshal(recordedFile(t, path), into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// answerOf calls the org as the integration user; header is name, value, ...
func answerOf(s *Sim, method, path, body string, header ...string) *httptest.ResponseRecorder {
	s.AddToken("test", "")
	if strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "/services") {
		path = "/services/data/v67.0" + path
	}
	r := httptest.NewRequest(method, "https://crosswalk.my.salesforce.com"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer test")
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func send(t *testing.T, s *Sim, method, path, body string, header ...string) (int, string) {
	t.Helper()
	w := answerOf(s, method, path, body, header...)
	return w.Code, w.Body.String()
}

// makeRecord creates a record and gives its id.
func makeRecord(t *testing.T, s *Sim, object, body string) string {
	t.Helper()
	status, raw := send(t, s, http.MethodPost, "/sobjects/"+object, body)
	var out struct {
		ID string `json:"id"`
	}
	if status != http.StatusCreated || json.Unmarshal([]byte(raw), &out) != nil {
		t.Fatalf("creating %s %s: %d %s", object, body, status, raw)
	}
	return out.ID
}
