package command

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const moduleName = "sotomi"

// sourceFile is one file of the program, tests left out.
type sourceFile struct {
	name, dir string // below the root of the module
	ast       *ast.File
	imports   map[string]string // folder of a package of this module, by the name it has in the file
}

// sourceFiles parses the program.
func sourceFiles(t *testing.T) []sourceFile {
	t.Helper()
	root := filepath.Join("..", "..")
	var files []sourceFile
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || name != "." && strings.HasPrefix(d.Name(), ".") || path.Dir(name) == "checks/internal" && !slices.Contains([]string{"datafile", "datanames", "staticfiles", "weaknesses"}, path.Base(name))): // tools of ours, and what says nothing to users
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		f := sourceFile{name: name, dir: path.Dir(name), ast: parsed, imports: map[string]string{}}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			dir, ours := strings.CutPrefix(imported, moduleName+"/")
			if !ours {
				dir = "of another module"
			}
			local := path.Base(imported)
			if spec.Name != nil {
				local = spec.Name.Name
			}
			f.imports[local] = dir
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 120 {
		t.Fatalf("only %d files were found", len(files))
	}
	return files
}

// textsOfHelpMaker is called with texts of the command line, which TestHelpInJapanese holds.
const textsOfHelpMaker = "scanner/command/.translate"

// formatUse is a place where the program makes a message.
type formatUse struct {
	place  string
	format string
	args   int // without the format; -1 when they are handed on as a slice
}

// formats finds what becomes the format of a message: the first argument of message.New and message.Errorf, what is handed
// to functions that hand a parameter on to them, and the field Format.
type formats struct {
	files  []sourceFile
	makers map[string]int      // index of the parameter that is a format, by key
	consts map[string]ast.Expr // constants of packages, by "folder.name"
	uses   map[string]formatUse
	open   map[string]bool // "file: expression" of formats that are no constants
}

func findFormats(t *testing.T) *formats {
	t.Helper()
	f := &formats{
		files:  sourceFiles(t),
		makers: map[string]int{"scanner/message.New": 0, "scanner/message.Errorf": 0},
		consts: map[string]ast.Expr{},
	}
	for _, file := range f.files {
		f.constants(file)
	}
	for before := -1; before != len(f.makers); { // until no more functions are found that hand a format on
		before = len(f.makers)
		f.uses, f.open = map[string]formatUse{}, map[string]bool{}
		for _, file := range f.files {
			if file.dir != "scanner/message" || file.name == "scanner/message/json.go" { // the others there hand on what they are given
				f.walk(file)
			}
		}
	}
	return f
}

func (f *formats) constants(file sourceFile) {
	for _, d := range file.ast.Decls {
		general, ok := d.(*ast.GenDecl)
		if !ok || general.Tok != token.CONST {
			continue
		}
		for _, spec := range general.Specs {
			values := spec.(*ast.ValueSpec)
			for i, name := range values.Names {
				if i < len(values.Values) {
					f.consts[file.dir+"."+name.Name] = values.Values[i]
				}
			}
		}
	}
}

// function is one that is being walked: its parameters of type string, and the key under which calls of it are found.
type function struct {
	key    string
	params []string // "" for one of another type
}

func paramsOf(t *ast.FuncType) []string {
	var names []string
	for _, field := range t.Params.List {
		for _, name := range field.Names {
			if id, ok := field.Type.(*ast.Ident); !ok || id.Name != "string" {
				name = &ast.Ident{}
			}
			names = append(names, name.Name)
		}
	}
	return names
}

// walk visits the calls of a file, each with the functions around it, the innermost last.
func (f *formats) walk(file sourceFile) {
	var around []function
	var visit func(n ast.Node)
	inside := func(fn function, body ast.Node) {
		around = append(around, fn)
		visit(body)
		around = around[:len(around)-1]
	}
	visit = func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				key := file.dir + "." + n.Name.Name
				if n.Recv != nil {
					key = methodKey(file.dir, n.Name.Name)
				}
				if n.Body != nil {
					inside(function{key, paramsOf(n.Type)}, n.Body)
				}
				return false
			case *ast.AssignStmt:
				literal, ok := n.Rhs[0].(*ast.FuncLit)
				if name, named := n.Lhs[0].(*ast.Ident); ok && named && len(n.Rhs) == 1 {
					inside(function{file.dir + "." + name.Name, paramsOf(literal.Type)}, literal.Body)
					return false
				}
			case *ast.CallExpr:
				if at, ok := f.makers[calleeKey(file, n.Fun)]; ok && at < len(n.Args) {
					args := len(n.Args) - at - 1
					if n.Ellipsis.IsValid() {
						args = -1
					}
					f.use(file, around, n.Args[at], args)
				}
			case *ast.CompositeLit:
				if types.ExprString(orEmptyIdent(n.Type)) == "message.Message" {
					for _, e := range n.Elts {
						if pair, ok := e.(*ast.KeyValueExpr); ok && types.ExprString(pair.Key) == "Format" {
							f.use(file, around, pair.Value, 0)
						}
					}
				}
			}
			return true
		})
	}
	visit(file.ast)
}

func orEmptyIdent(e ast.Expr) ast.Expr {
	if e == nil {
		return &ast.Ident{}
	}
	return e
}

// methodKey: an exported method is known by its name, another in its package only.
func methodKey(dir, name string) string {
	if ast.IsExported(name) {
		return "." + name
	}
	return dir + "/." + name
}

func calleeKey(file sourceFile, fun ast.Expr) string {
	switch fun := fun.(type) {
	case *ast.Ident:
		return file.dir + "." + fun.Name
	case *ast.SelectorExpr:
		if id, ok := fun.X.(*ast.Ident); ok {
			if dir, imported := file.imports[id.Name]; imported {
				return dir + "." + fun.Sel.Name
			}
		}
		return methodKey(file.dir, fun.Sel.Name)
	}
	return ""
}

// use notes a format, or the function that takes it as a parameter.
func (f *formats) use(file sourceFile, around []function, e ast.Expr, args int) {
	if text, ok := f.constant(file, e); ok {
		f.uses[file.name+": "+types.ExprString(e)] = formatUse{file.name, text, args}
		return
	}
	if id, ok := e.(*ast.Ident); ok {
		for _, fn := range slices.Backward(around) {
			if at := slices.Index(fn.params, id.Name); at >= 0 && fn.key != textsOfHelpMaker {
				f.makers[fn.key] = at
				return
			}
		}
	}
	f.open[file.name+": "+types.ExprString(e)] = true
}

// constant is the text of a constant expression.
func (f *formats) constant(file sourceFile, e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		a, ok := f.constant(file, e.X)
		b, ok2 := f.constant(file, e.Y)
		return a + b, ok && ok2 && e.Op == token.ADD
	case *ast.Ident:
		if value := f.consts[file.dir+"."+e.Name]; value != nil {
			return f.constant(file, value)
		}
	}
	return "", false
}
