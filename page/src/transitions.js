// d3-transition teaches selections to move smoothly; d3-zoom and d3-brush bring it along.
import "d3-transition";
