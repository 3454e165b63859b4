// Reads Dockerfiles, one a line in base64, with BuildKit's own parser, and prints what it makes of each as a line of JSON.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/command"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

type heredoc struct {
	Name    string `json:"name"`
	Chomp   bool   `json:"chomp"`
	Content string `json:"content"`
}

// What a COPY or ADD takes, where BuildKit accepts it.
type taken struct {
	From  string   `json:"from"`
	Words []string `json:"words"`
	// Without quotation marks and escape characters; variables stay.
	Paths []string `json:"paths"`
}

type instruction struct {
	Keyword  string       `json:"keyword"`
	Original string       `json:"original"`
	Start    int          `json:"start"`
	End      int          `json:"end"`
	Flags    []string     `json:"flags"`
	JSON     bool         `json:"json"`
	Args     []string     `json:"args"`
	Heredocs []heredoc    `json:"heredocs"`
	Taken    *taken       `json:"taken,omitempty"`
	Trigger  *instruction `json:"trigger,omitempty"`
}

type dockerfile struct {
	Error        string        `json:"error,omitempty"`
	Escape       string        `json:"escape,omitempty"`
	Instructions []instruction `json:"instructions,omitempty"`
}

type noVariables struct{}

func (noVariables) Get(string) (string, bool) { return "", false }
func (noVariables) Keys() []string            { return nil }

func read(source []byte) dockerfile {
	result, err := parser.Parse(bytes.NewReader(source))
	if err != nil {
		return dockerfile{Error: err.Error()}
	}
	found := dockerfile{Escape: string(result.EscapeToken)}
	for _, node := range result.AST.Children {
		found.Instructions = append(found.Instructions, describe(node, result.EscapeToken, true))
	}
	return found
}

func describe(node *parser.Node, escape rune, unwrap bool) instruction {
	described := instruction{
		Keyword:  node.Value,
		Original: node.Original,
		Start:    node.StartLine,
		End:      node.EndLine,
		Flags:    append([]string{}, node.Flags...),
		JSON:     node.Attributes["json"],
		Args:     []string{},
		Heredocs: []heredoc{},
	}
	if _, known := command.Commands[strings.ToLower(node.Value)]; known {
		described.Keyword = strings.ToUpper(strings.ToLower(node.Value))
	}
	for next := node.Next; next != nil; next = next.Next {
		described.Args = append(described.Args, next.Value)
	}
	for _, doc := range node.Heredocs {
		described.Heredocs = append(described.Heredocs, heredoc{doc.Name, doc.Chomp, doc.Content})
	}
	parsed, err := instructions.ParseInstruction(node)
	if err != nil {
		return described
	}
	switch typed := parsed.(type) {
	case *instructions.CopyCommand:
		described.Taken = take(typed.From, typed.SourcePaths, escape)
	case *instructions.AddCommand:
		described.Taken = take("", typed.SourcePaths, escape)
	case *instructions.OnbuildCommand:
		if !unwrap {
			break
		}
		// As initOnBuildTriggers in dockerfile2llb.
		trigger, err := parser.Parse(strings.NewReader(typed.Expression))
		if err == nil && len(trigger.AST.Children) == 1 {
			inner := describe(trigger.AST.Children[0], escape, false)
			described.Trigger = &inner
		}
	}
	return described
}

func take(from string, words []string, escape rune) *taken {
	found := &taken{From: from, Words: append([]string{}, words...), Paths: []string{}}
	lex := shell.NewLex(escape)
	lex.SkipUnsetEnv = true
	for _, word := range words {
		path, _, err := lex.ProcessWord(word, noVariables{})
		if err != nil {
			path = word
		}
		found.Paths = append(found.Paths, path)
	}
	return found
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 1<<26)
	output := bufio.NewWriter(os.Stdout)
	defer output.Flush()
	encoder := json.NewEncoder(output)
	for input.Scan() {
		source, err := base64.StdEncoding.DecodeString(input.Text())
		if err == nil {
			err = encoder.Encode(read(source))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
