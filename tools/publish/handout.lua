-- Turns a notebook's cells into calls of the functions that handout.typ defines.

local typst_string = pandoc.json.encode -- both write strings alike
local headings = {} -- from Jupyter's anchors to Pandoc's
local answers = false
local checking = false -- in the section "Check yourself"

local function call(name, ...)
  local arguments = pandoc.List { ... }:map(typst_string)
  return pandoc.RawBlock("typst", ("#%s(%s)"):format(name, table.concat(arguments, ", ")))
end

local function wrap(name, blocks)
  local wrapped = pandoc.Blocks { pandoc.RawBlock("typst", "#" .. name .. "[") }
  wrapped:extend(blocks)
  wrapped:insert(pandoc.RawBlock("typst", "]"))
  return wrapped
end

local function is_html(block, text)
  return block.t == "RawBlock" and block.text == text
end

-- <details>, a summary and </details> come as single pieces of HTML, with the answer between them
local function box_folded_answers(blocks)
  local boxed, answer = pandoc.Blocks {}, nil
  for index, block in ipairs(blocks) do
    if is_html(block, "<details>") then
      answer = pandoc.Blocks {}
    elseif is_html(block, "</details>") then
      boxed:extend(wrap("answer", answer))
      answer = nil
    elseif block.t ~= "RawBlock" and not is_html(blocks[index - 1] or {}, "<summary>") then
      (answer or boxed):insert(block)
    end
  end
  return boxed
end

local function leave_room(list)
  for _, item in ipairs(list.content) do
    item:insert(call("ruled", 2))
  end
  return list
end

local function has_tag(cell, tag)
  return (cell.attributes.tags or ""):find('"' .. tag .. '"', 1, true)
end

local function room_for_a_guess(div)
  if div.classes:includes "guess" then
    return answers and {} or call("guess", pandoc.utils.stringify(div))
  end
end

local function markdown(cell)
  if has_tag(cell, "steps") then
    return pandoc.Blocks {} -- on paper, nothing checks them, and nothing folds them
  end
  local blocks = box_folded_answers(cell.content):walk { Div = room_for_a_guess }
  local first = blocks[1]
  if first and first.t == "Header" and first.level == 1 then
    local goals = wrap("goals", pandoc.Blocks { table.unpack(blocks, 2) })
    return pandoc.Blocks { first } .. goals
  end
  if answers then
    return blocks
  end
  if first and first.t == "Header" then
    checking = pandoc.utils.stringify(first) == "Check yourself"
  end
  return checking and blocks:walk { OrderedList = leave_room } or blocks
end

local function output(div)
  if div.classes:includes "error" then
    return call("failure", div.attributes.ename, div.attributes.evalue)
  end
  local text, picture
  div:walk {
    CodeBlock = function(block)
      text = call(div.classes:includes "execute_result" and "result" or "printed", block.text)
    end,
    Image = function(image)
      picture = call("picture", image.src, image.attributes.alt)
    end,
  }
  return picture or text
end

local function code(cell)
  local blocks = pandoc.Blocks {}
  for _, block in ipairs(cell.content) do
    if block.t ~= "CodeBlock" then
      blocks:insert(output(block))
    elseif block.text ~= "" then -- of an output alone it is
      blocks:insert(call("source", block.text))
    end
  end
  if not answers and has_tag(cell, "exercise") then
    blocks:insert(call("ruled", 7))
  end
  return blocks
end

-- Jupyter's anchor is the heading itself with hyphens for spaces; a booklet's begin with the file
local function remember(heading)
  local file = heading.identifier:match "^.*__" or ""
  local anchor = pandoc.utils.stringify(heading):gsub(" ", "-")
  headings["#" .. file .. anchor] = heading.identifier
  if heading.level == 1 then
    headings["#" .. file:gsub("__$", "")] = heading.identifier
  end
end

-- A link inside a lesson gets a page number, one to another lesson becomes text.
local function link(l)
  if l.target:match "^#" then
    local label = headings[l.target] or error("no heading for the link " .. l.target)
    return pandoc.RawInline(
      "typst", ("#see(label(%s))[%s]"):format(typst_string(label), pandoc.utils.stringify(l)))
  end
  return l.target:match "^https?:" and l or l.content
end

-- Of formulas a reader who listens gets the source.
local function formula(math)
  local written = pandoc.write(pandoc.Pandoc { pandoc.Plain { math } }, "typst")
  return pandoc.RawInline("typst", ("#formula(%s, %s)"):format(typst_string(math.text), written))
end

-- As wide as their content asks for, not as the dashes in the source do.
local function fit_columns(t)
  for _, column in ipairs(t.colspecs) do
    column[2] = nil
  end
  return t
end

function Pandoc(doc)
  answers = doc.meta.answers
  doc:walk { Header = remember }
  local blocks = pandoc.Blocks {}
  for _, cell in ipairs(doc.blocks) do
    blocks:extend(cell.classes:includes "code" and code(cell) or markdown(cell))
  end
  if not doc.meta.title then
    doc.meta.title = pandoc.utils.stringify(blocks[1])
  end
  doc.blocks = blocks:walk { Link = link, Math = formula, Table = fit_columns }
  return doc
end
