package serve

import (
	"net/http"
	"slices"
	"strings"
)

// operation describes the request and the answer of a route.
type operation struct {
	request  map[string]object // the schema of the body by media type
	optional bool              // the request may have no body
	answer   object            // the schema of the JSON answer; nil if it has no particular form
	query    []object          // parameters of the URL
}

// object is an object of an OpenAPI document.
type object = map[string]any

func list(of object) object               { return object{"type": "array", "items": of} }
func ref(name string) object              { return object{"$ref": "#/components/schemas/" + name} }
func orNull(t string) object              { return object{"type": []string{t, "null"}} } // null means that the member is not there
func jsonBody(o object) map[string]object { return map[string]object{"application/json": o} }

// members returns the schema of an object. Members whose names end in * are required.
func members(m object) object {
	properties, required := object{}, []string{}
	for name, schema := range m {
		if short, ok := strings.CutSuffix(name, "*"); ok {
			name = short
			required = append(required, name)
		}
		properties[name] = schema
	}
	o := object{"type": "object", "properties": properties}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}

var (
	stringType  = object{"type": "string"}
	base64Type  = object{"type": "string", "format": "byte", "description": "An image file in base64."}
	integerType = object{"type": "integer"}
	anyType     = object{}
	binaryType  = object{"type": "string", "format": "binary"}
	oneFile     = members(object{"file*": binaryType})
	manyFiles   = members(object{"file*": object{"oneOf": []object{binaryType, list(binaryType)}}, "top_k": countType})
	tallyType   = members(object{"count*": integerType, "ns*": integerType})
	countType   = object{"type": "integer", "minimum": 1}
)

// schemas are the schemas that the operations refer to.
func schemas() object {
	return object{
		"Error":  members(object{"error*": stringType}),
		"Label":  members(object{"label*": stringType, "score*": object{"type": "number"}}),
		"Labels": list(ref("Label")),
		"Base64Image": members(object{
			"inputs*":    object{"oneOf": []object{base64Type, list(base64Type)}},
			"parameters": members(object{"top_k": countType, "function_to_apply": object{"type": "string", "enum": []string{"softmax", "sigmoid"}}}),
		}),
		"InferRequest": members(object{
			"id": stringType, "parameters": object{"type": "object"},
			"inputs*": list(members(object{"name*": stringType, "shape*": list(integerType), "datatype*": stringType, "parameters": object{"type": "object"}, "data": object{"type": "array", "items": anyType}})),
			"outputs": list(members(object{"name*": stringType, "parameters": object{"type": "object"}})),
		}),
		"InferResponse": members(object{
			"model_name*": stringType, "model_version*": stringType, "id": stringType,
			"outputs*": list(members(object{"name*": stringType, "shape*": list(integerType), "datatype*": stringType, "parameters": object{"type": "object"}, "data": object{"type": "array", "items": anyType}})),
		}),
	}
}

// The operations.
var (
	imageDoc = &operation{
		request: map[string]object{"application/octet-stream": binaryType, "image/*": binaryType, formType: manyFiles, "application/json": ref("Base64Image")},
		answer:  object{"oneOf": []object{ref("Labels"), list(ref("Labels"))}},
		query:   []object{{"name": "top_k", "in": "query", "schema": countType, "description": "The number of classes in the answer to image files."}},
	}
	gradCAMDoc = &operation{
		request: map[string]object{"application/octet-stream": binaryType, "image/*": binaryType, formType: oneFile},
		answer: members(object{
			"label*": stringType, "layer*": stringType, "height*": countType, "width*": countType, "values*": list(object{"type": "number", "minimum": 0, "maximum": 1}),
			"image*": base64Type,
		}),
		query: []object{{"name": "class", "in": "query", "schema": stringType, "description": "The class. The default is the most probable one."}},
	}
	v2Doc = &operation{
		request: map[string]object{"application/json": ref("InferRequest"), "application/octet-stream": binaryType},
		answer:  ref("InferResponse"),
	}
	tfPredictDoc = &operation{
		request: jsonBody(members(object{"signature_name": stringType, "instances": list(anyType), "inputs": anyType})),
		answer:  members(object{"predictions": list(anyType), "outputs": anyType}),
	}
	tfClassifyDoc = &operation{
		request: jsonBody(members(object{"signature_name": stringType, "examples*": list(anyType)})),
		answer:  members(object{"result*": list(list(list(anyType)))}),
	}
	invocationsDoc = &operation{
		request: map[string]object{
			"application/octet-stream": binaryType, "image/*": binaryType, formType: manyFiles,
			"application/json": members(object{
				"dataframe_split":   members(object{"columns*": list(stringType), "data*": list(list(anyType))}),
				"dataframe_records": list(object{"type": "object"}), "instances": list(anyType), "inputs": anyType,
			}),
		},
		answer: object{"oneOf": []object{ref("Labels"), members(object{"predictions*": anyType})}},
	}
	vertexDoc = &operation{
		request: jsonBody(members(object{"instances*": list(anyType), "parameters": members(object{"top_k": countType})})),
		answer:  members(object{"predictions*": list(anyType)}),
	}
	indexDoc = &operation{
		request: jsonBody(members(object{"ready": orNull("boolean")})), optional: true,
		answer: list(members(object{"name*": stringType, "version": stringType, "state*": stringType, "reason*": stringType})),
	}
	statisticsDoc = &operation{answer: members(object{"model_stats*": list(members(object{
		"name*": stringType, "version*": stringType, "last_inference*": integerType, "inference_count*": integerType, "execution_count*": integerType,
		"inference_stats*": object{"type": "object", "additionalProperties": tallyType},
		"batch_stats*":     list(members(object{"batch_size*": countType, "compute_input*": tallyType, "compute_infer*": tallyType, "compute_output*": tallyType})),
	}))})}
	loadDoc = &operation{request: jsonBody(members(object{"parameters": orNull("object")})), optional: true}
)

// openAPI answers with an OpenAPI document of all routes.
func (c *call) openAPI() error {
	known := map[string][]string{"model": {}, "version": {}} // what the parameters of paths can be
	for _, e := range c.s.registry.list() {
		known["model"] = append(known["model"], e.name)
		if number, _ := e.state(); number != "" && !slices.Contains(known["version"], number) {
			known["version"] = append(known["version"], number)
		}
	}
	paths := object{}
	for _, rt := range c.s.router.routes {
		item, _ := paths[rt.path].(object)
		if item == nil {
			item = object{}
			paths[rt.path] = item
		}
		item[strings.ToLower(rt.method)] = rt.openAPI(known)
	}
	doc := object{
		"openapi":    "3.1.0",
		"info":       object{"title": "lince serve", "version": serverVersion()},
		"servers":    []object{{"url": "."}}, // relative to this document
		"paths":      paths,
		"components": object{"schemas": schemas(), "securitySchemes": object{"token": object{"type": "http", "scheme": "bearer"}}},
	}
	if c.s.o.Token != "" {
		doc["security"] = []object{{"token": []string{}}}
	}
	return c.ok(doc)
}

// openAPI describes a route. known has the values of the parameters of its path.
func (rt *route) openAPI(known map[string][]string) object {
	var params []object
	for _, s := range rt.segments {
		if name, ok := strings.CutPrefix(s, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			schema := object{"type": "string"}
			if len(known[name]) > 0 {
				schema["enum"] = known[name]
			}
			params = append(params, object{"name": name, "in": "path", "required": true, "schema": schema})
		}
	}
	answer := object{"description": "Success."}
	o := object{"summary": rt.summary, "responses": object{
		"200":     answer,
		"default": object{"description": "The error.", "content": object{"application/json": object{"schema": ref("Error")}}},
	}}
	if d := rt.doc; d != nil {
		params = append(params, d.query...)
		content := object{}
		for media, schema := range d.request {
			content[media] = object{"schema": schema}
		}
		if len(content) > 0 {
			o["requestBody"] = object{"required": !d.optional, "content": content}
		}
		if d.answer != nil {
			media := object{"application/json": object{"schema": d.answer}}
			if rt.method == http.MethodPost && d == v2Doc {
				media["application/octet-stream"] = object{"schema": binaryType}
			}
			answer["content"] = media
		}
	}
	if params != nil {
		o["parameters"] = params
	}
	if rt.open {
		o["security"] = []object{}
	}
	return o
}
