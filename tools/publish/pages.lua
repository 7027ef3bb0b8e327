-- Makes one page of a notebook: what a solution is stays folded, and speaker notes are left out.

local function tagged(cell, tag)
  return (cell.attributes.tags or ""):match('"(' .. tag .. ')"')
end

local function html(text)
  return pandoc.RawBlock("html", text)
end

-- Jupyter's anchor is the heading itself with hyphens for spaces
local function anchors(doc)
  local found = {}
  doc:walk {
    Header = function(heading)
      found["#" .. pandoc.utils.stringify(heading):gsub(" ", "-")] = "#" .. heading.identifier
    end,
  }
  return found
end

function Pandoc(doc)
  local page, within = pandoc.Blocks {}, anchors(doc)
  for _, cell in ipairs(doc.blocks) do
    local shows = tagged(cell, "shows%-[%w_]+") or tagged(cell, "after%-[%w_]+")
    if tagged(cell, "solution") then
      page:insert(html "<details><summary>Show the solution</summary>")
      page:extend(cell.content)
      page:insert(html "</details>")
    elseif shows then
      page:insert(pandoc.Div(cell.content, { class = "tag_" .. shows }))
    elseif not tagged(cell, "steps") then -- they need a kernel
      page:extend(cell.content)
    end
  end
  page = page:walk {
    Link = function(link)
      link.target = within[link.target] or link.target:gsub("%.ipynb", ".html")
      return link
    end,
  }
  return pandoc.Pandoc(page, doc.meta)
end
