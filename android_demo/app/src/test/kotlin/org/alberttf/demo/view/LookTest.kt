package org.alberttf.demo.view

import android.content.Context
import android.graphics.Color
import android.view.View
import android.widget.Button
import android.widget.EditText
import android.widget.TextView
import org.alberttf.demo.R
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertTrue

/** Languages, directions, colours, sizes, and what is told to those who do not see the screen. */
@RunWith(RobolectricTestRunner::class)
class LookTest {
    private val screen by lazy { Screen() }

    private fun View.places() = IntArray(2).also(::getLocationInWindow)

    @Test
    @Config(qualifiers = "ko")
    fun `a Korean device speaks Korean and offers a Korean passage first`() {
        assertEquals("물어보기", screen.text(R.id.ask))
        assertContains(screen.text(R.id.text), "솔섬")
        assertContains(screen.text(R.id.facts), "모델")
    }

    @Test
    fun `every string is translated`() {
        val english = RuntimeEnvironment.getApplication() as Context
        val korean =
            english.createConfigurationContext(
                android.content.res.Configuration(english.resources.configuration).apply {
                    setLocale(java.util.Locale.KOREAN)
                },
            )
        // Names of tools, formats and the passages in both languages.
        val same = setOf("bar")
        val ids =
            R.string::class.java.fields.filter {
                it.name !in same && !Regex("(lighthouse|bread|ferry|kimchi).*").matches(it.name)
            }
        for (id in ids.map { it.getInt(null) }) {
            val name = english.resources.getResourceEntryName(id)
            assertTrue(english.getString(id) != korean.getString(id), "$name is not translated")
        }
    }

    @Test
    @Config(qualifiers = "ar-ldrtl")
    fun `right-to-left devices get the mirrored screen`() {
        screen.touch(R.id.classes_button)
        screen.write(R.id.text, "I liked it")
        screen.touch(R.id.ask)
        assertTrue(
            screen.view<View>(R.id.questions_button).places()[0] >
                screen.view<View>(R.id.classes_button).places()[0],
        )
        val bar = screen.view<android.view.ViewGroup>(R.id.bars).getChildAt(0)
        val percent: View = bar.findViewById(R.id.bar_percent)
        assertTrue(percent.places()[0] < bar.places()[0] + bar.width / 2)
    }

    @Test
    @Config(qualifiers = "night")
    fun `dark devices get light text on a dark ground`() {
        val text = screen.view<TextView>(R.id.text).currentTextColor
        assertTrue(Color.luminance(text) > 0.6f)
        assertTrue(Color.luminance(screen.activity.getColor(R.color.background)) < 0.05f)
    }

    @Test
    fun `day and night have enough contrast`() {
        for (night in listOf("notnight", "night")) {
            RuntimeEnvironment.setQualifiers(night)
            val colors = RuntimeEnvironment.getApplication() as Context
            val pairs =
                listOf(
                    R.color.text to R.color.surface,
                    R.color.text to R.color.background,
                    R.color.text_secondary to R.color.surface,
                    R.color.text_secondary to R.color.background,
                    R.color.primary to R.color.surface,
                    R.color.outline to R.color.surface,
                    R.color.on_primary to R.color.primary,
                    R.color.on_highlight to R.color.highlight,
                    R.color.on_problem to R.color.problem,
                )
            for ((front, back) in pairs) {
                val light = listOf(front, back).map { Color.luminance(colors.getColor(it)) + 0.05f }
                val contrast = light.max() / light.min()
                // WCAG 2.2, success criteria 1.4.3 for text and 1.4.11 for the edge of a field.
                val least = if (front == R.color.outline) 3f else 4.5f
                assertTrue(contrast >= least, "$contrast at $night $front on $back")
            }
        }
    }

    @Test
    @Config(qualifiers = "ko-w320dp-h480dp")
    fun `letters of double size fit a small screen`() {
        RuntimeEnvironment.setFontScale(2f)
        screen.touch(R.id.ask)
        val cut =
            screen
                .views()
                .filterIsInstance<TextView>()
                .filter { it.isShown && it !is EditText }
                .filter {
                    it.layout.height > it.height - it.compoundPaddingTop - it.compoundPaddingBottom ||
                        it.places()[0] < 0 ||
                        it.places()[0] + it.width > screen.activity.window.decorView.width
                }
        assertEquals(listOf(), cut.map { it.text.toString() })
    }

    @Test
    fun `all that can be touched is 48 dp high and wide`() {
        val least = (48 * screen.activity.resources.displayMetrics.density).toInt()
        for (tab in listOf(R.id.questions_button, R.id.classes_button)) {
            screen.touch(tab)
            val touched = screen.views().filter { it.isShown && (it is Button || it is EditText) }
            assertTrue(touched.size >= 4)
            for (view in touched) assertTrue(minOf(view.width, view.height) >= least, "$view")
        }
    }

    @Test
    fun `fields are labelled, headings told, and answers read aloud when they come`() {
        screen.touch(R.id.ask)
        val labels = screen.views().filter { it.isShown }.map { it.labelFor }
        val fields = screen.views().filter { it.isShown && it is EditText }
        assertTrue(fields.isNotEmpty() && fields.all { it.id in labels })
        assertTrue(screen.views().count { it.isShown && it.isAccessibilityHeading } >= 4)
        for (id in listOf(R.id.answer, R.id.problem)) {
            val live = screen.view<View>(id).accessibilityLiveRegion
            assertEquals(View.ACCESSIBILITY_LIVE_REGION_POLITE, live)
        }
        val tab = screen.view<View>(R.id.questions_button).createAccessibilityNodeInfo()
        assertTrue(tab.isChecked)
    }
}
