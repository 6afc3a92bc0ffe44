package serve

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
)

// formType is the media type of a form with files, as HTML forms, curl -F and clients of FastAPI send it.
const formType = "multipart/form-data"

// mostFields limits the fields of a form that are not files.
const mostFields = 100

// form is a body with image files: a form, or one image file.
type form struct {
	files [][]byte
	topK  string // the field top_k
}

// form reads the files of a body. A body of another type than a form is one file. most is the largest number of files that is useful.
func (c *call) form(body []byte, most int) (form, error) {
	if c.mediaType() != formType {
		return form{files: [][]byte{body}}, nil
	}
	_, params, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type")) // mediaType has parsed it
	if params["boundary"] == "" {
		return form{}, bad("the Content-Type %s has no boundary; let the client set it", formType)
	}
	if err := c.reserve(len(body)); err != nil { // the files are copied
		return form{}, err
	}
	var f form
	r := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for fields := 0; ; {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return form{}, bad("the form cannot be read")
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return form{}, bad("the form cannot be read")
		}
		switch isFile := isFilePart(part); {
		case isFile && len(content) == 0 && part.FileName() == "": // a browser sends this for an input without a file
		case isFile && len(f.files) == most:
			return form{}, fail(http.StatusRequestEntityTooLarge, "the form has more than %d files", most)
		case isFile:
			f.files = append(f.files, content)
			continue
		case part.FormName() == "top_k":
			f.topK = string(content)
		}
		if fields++; fields > mostFields {
			return form{}, bad("the form has more than %d fields", mostFields)
		}
	}
	if len(f.files) == 0 {
		return form{}, bad("the form has no file; send the image as a file, such as curl -F file=@photo.jpg")
	}
	return f, nil
}

// isFilePart reports whether a part of a form is a file: it has a file name, or the type of one.
func isFilePart(p *multipart.Part) bool {
	media, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
	return p.FileName() != "" || strings.HasPrefix(media, "image/") || media == "application/octet-stream"
}

// count returns the number of classes in an answer: the parameter top_k of the URL, or the field of the form.
func (f form) count(c *call) (int, error) {
	text := c.r.URL.Query().Get("top_k")
	if text == "" {
		text = f.topK
	}
	if text == "" {
		return defaultTopK, nil
	}
	k, err := strconv.Atoi(text)
	if err != nil || k < 1 {
		return 0, bad("top_k must be at least 1, got %q", short(text))
	}
	return k, nil
}

// classifyForm answers with the most probable classes of each file of a body: a list of them for one file, and else a list of such lists.
func (c *call) classifyForm(v *version, body []byte) error {
	f, err := c.form(body, v.batcher.limit)
	if err != nil {
		return err
	}
	k, err := f.count(c)
	if err != nil {
		return err
	}
	return c.classifyFiles(v, f.files, k, len(f.files) > 1)
}
