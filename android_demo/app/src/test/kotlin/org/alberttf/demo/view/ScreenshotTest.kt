package org.alberttf.demo.view

import android.graphics.Bitmap
import android.graphics.Canvas
import android.widget.TextView
import org.alberttf.demo.FakeApplication
import org.alberttf.demo.R
import org.junit.Assume.assumeNotNull
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import java.io.File
import java.io.FileNotFoundException
import kotlin.test.Test

private const val DAY = "w360dp-h740dp-xhdpi"
private const val NIGHT = "w360dp-h740dp-night-xhdpi"

/**
 * Draws the screens into the folder of the property `screenshots`, or is left out without one:
 * `mvn -f android_demo/offline test -pl app -am -Dtest=ScreenshotTest
 * -Dsurefire.failIfNoSpecifiedTests=false -Dscreenshots=$PWD/android_demo/screenshots`.
 *
 * The models are made up; all else is the app's.
 */
@RunWith(RobolectricTestRunner::class)
class ScreenshotTest {
    private val folder: String? = System.getProperty("screenshots")
    private val app get() = FakeApplication.running

    private fun draw(
        name: String,
        steps: (Screen) -> Unit,
    ) {
        assumeNotNull(folder)
        val screen = Screen()
        steps(screen)
        // Latency is measured, so it differs from run to run.
        screen.view<TextView>(R.id.latency).text = screen.activity.getString(R.string.latency, 148)
        app.work()
        val window = screen.activity.window.decorView
        val image = Bitmap.createBitmap(window.width, window.height, Bitmap.Config.ARGB_8888)
        window.draw(Canvas(image))
        File(folder.orEmpty()).resolve("$name.png").outputStream().use {
            image.compress(Bitmap.CompressFormat.PNG, 100, it)
        }
    }

    private fun answer(screen: Screen) = screen.touch(R.id.ask)

    private fun classes(screen: Screen) {
        screen.touch(R.id.classes_button)
        screen.write(R.id.text, screen.activity.resources.getStringArray(R.array.sentences)[0])
        screen.touch(R.id.ask)
    }

    private fun answerInKorean(screen: Screen) {
        app.questions.reply = { asked, _ -> FakeApplication.find("네 번", asked.passage) }
        answer(screen)
    }

    @Test
    @Config(qualifiers = DAY)
    fun `questions by day`() = draw("questions_light_en", ::answer)

    @Test
    @Config(qualifiers = NIGHT)
    fun `questions by night`() = draw("questions_dark_en", ::answer)

    @Test
    @Config(qualifiers = "ko-$DAY")
    fun `questions in Korean`() = draw("questions_light_ko", ::answerInKorean)

    @Test
    @Config(qualifiers = DAY)
    fun `classes by day`() = draw("classes_light_en", ::classes)

    @Test
    @Config(qualifiers = "ko-$NIGHT")
    fun `classes in Korean by night`() = draw("classes_dark_ko", ::classes)

    @Test
    @Config(qualifiers = DAY)
    fun `an app without a model`() {
        app.broken = FileNotFoundException("question_answering/contract.json")
        draw("missing_light_en") {}
    }
}
