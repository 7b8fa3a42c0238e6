package org.alberttf.demo.view

import android.content.Context
import android.content.res.Configuration
import android.graphics.Color
import android.graphics.Insets
import android.view.View
import android.view.ViewGroup
import android.view.WindowInsets
import android.widget.Button
import android.widget.EditText
import android.widget.RadioButton
import android.widget.TextView
import org.alberttf.demo.R
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import java.util.Locale
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertNotEquals
import kotlin.test.assertTrue

/** Languages, directions, colours, sizes, and what is told to those who do not see the screen. */
@RunWith(RobolectricTestRunner::class)
class LookTest {
    private val screen by lazy { Screen() }

    private fun isCut(view: TextView): Boolean {
        val height = view.height - view.compoundPaddingTop - view.compoundPaddingBottom
        val start = view.places()[0]
        val isOutside = start < 0 || start + view.width > screen.activity.window.decorView.width
        return isOutside || view.layout.height > height
    }

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
                Configuration(english.resources.configuration).apply { setLocale(Locale.KOREAN) },
            )
        // A bar is read by its label and number; examples come in the language of the model.
        val same = Regex("bar|(lighthouse|bread|ferry|kimchi|mina).*")
        for (field in R.string::class.java.fields.filterNot { same.matches(it.name) }) {
            val id = field.getInt(null)
            assertNotEquals(english.getString(id), korean.getString(id), field.name)
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
        val bar = screen.view<ViewGroup>(R.id.bars).getChildAt(0)
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
        val texts = screen.views().filterIsInstance<TextView>()
        val cut = texts.filter { it.isShown && it !is EditText && isCut(it) }
        assertEquals(listOf(), cut.map { it.text.toString() })
    }

    @Test
    fun `nothing lies under the bars, the keyboard or a cut-out`() {
        val covered =
            WindowInsets
                .Builder()
                .setInsets(WindowInsets.Type.statusBars(), Insets.of(0, 31, 0, 0))
                .setInsets(WindowInsets.Type.navigationBars(), Insets.of(0, 0, 0, 17))
                .setInsets(WindowInsets.Type.displayCutout(), Insets.of(13, 0, 0, 0))
                .setInsets(WindowInsets.Type.ime(), Insets.of(0, 0, 0, 401))
                .build()
        val root: View = screen.view(R.id.root)
        root.dispatchApplyWindowInsets(covered)
        val padding =
            listOf(root.paddingLeft, root.paddingTop, root.paddingRight, root.paddingBottom)
        assertEquals(listOf(13, 31, 0, 401), padding)
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
        assertTrue(screen.view<RadioButton>(R.id.questions_button).isChecked)
    }
}
