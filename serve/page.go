package serve

import (
	"crypto/rand"
	_ "embed" // for the page
	"net/http"
	"strings"
)

//go:embed page.html
var pageHTML string

// page answers with a page to try the models. It loads nothing from elsewhere.
func (c *call) page() error {
	nonce := rand.Text()
	h := c.w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'nonce-"+nonce+"'; style-src 'nonce-"+nonce+"'; img-src blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	c.send(http.StatusOK, "text/html; charset=utf-8", []byte(strings.ReplaceAll(pageHTML, "NONCE", nonce)))
	return nil
}
