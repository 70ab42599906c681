package scanner

import (
	"context"
	"sync"

	"sotomi/scanner/web"
)

type crawl struct{ mu sync.Mutex }

func (s *Site) pages(ctx context.Context) ([]*web.Page, error) { return nil, nil }
