-- Cuts a notebook into slides as its metadata says (`slideshow.slide_type`, Jupyter's own).

local WIDEST = 88 -- characters of a line; code with longer ones gets smaller letters

local function slide_type(cell)
  local slideshow = cell.attributes.slideshow
  return slideshow and pandoc.json.decode(slideshow).slide_type or "-"
end

-- A heading that begins the cell begins the slide; without one, Pandoc's sign for "no title" does.
-- Level 1 goes to the right, level 2 down.
local function opening(blocks, level)
  local first = blocks[1]
  if first and first.t == "Header" then
    blocks:remove(1)
    return pandoc.Header(level, first.content, first.attr)
  end
  return pandoc.Header(level, { pandoc.Str("\0") })
end

-- What a question's form hides is found by this class.
local function of_question(cell)
  local shows = (cell.attributes.tags or ""):match '"(shows%-[%w_]+)"'
  return shows and pandoc.Blocks { pandoc.Div(cell.content, { class = "tag_" .. shows }) }
end

function CodeBlock(block)
  for line in block.text:gmatch("[^\n]+") do
    if utf8.len(line) > WIDEST then
      block.classes:insert("wide")
      return block
    end
  end
end

function Link(link)
  link.target = link.target:gsub("%.ipynb", ".html")
  return link
end

function Pandoc(doc)
  local deck = pandoc.Blocks({})
  local place = deck -- where a cell that continues goes: onto the slide, or into its fragment
  for _, cell in ipairs(doc.blocks) do
    local kind, blocks = slide_type(cell), of_question(cell) or cell.content
    if kind == "notes" then
      deck:insert(pandoc.Div(blocks, { class = "notes" }))
    elseif kind == "fragment" then
      deck:insert(pandoc.Div(blocks, { class = "fragment" }))
      place = deck[#deck].content
    elseif kind ~= "skip" then
      if kind == "slide" or kind == "subslide" then
        deck:insert(opening(blocks, kind == "slide" and 1 or 2))
        place = deck
      end
      place:extend(blocks)
    end
  end
  return pandoc.Pandoc(deck, doc.meta)
end
