package org.alberttf.demo.view

import android.os.Bundle
import android.os.Parcel
import android.view.View
import android.view.ViewGroup
import android.widget.EditText
import android.widget.TextView
import org.alberttf.demo.FakeApplication
import org.alberttf.demo.MainActivity
import org.alberttf.demo.R
import org.robolectric.Robolectric
import org.robolectric.android.controller.ActivityController
import org.robolectric.shadows.ShadowPopupMenu

/** The running activity, as a person sees and touches it. */
class Screen(
    saved: Bundle? = null,
) {
    val app = FakeApplication.running
    private val controller: ActivityController<MainActivity> =
        Robolectric.buildActivity(MainActivity::class.java).create(saved).start().also {
            if (saved != null) it.restoreInstanceState(saved)
            it.resume().visible()
        }
    val activity: MainActivity get() = controller.get()

    init {
        app.work()
    }

    /** The view of that id in the tab that is shown, or beside the tabs. */
    fun <V : View> view(id: Int): V {
        val tabs = listOf(R.id.questions_tab, R.id.classes_tab)
        val shown =
            tabs.map { activity.findViewById<View>(it) }.first {
                it.visibility ==
                    View.VISIBLE
            }
        return shown.findViewById(id) ?: activity.findViewById(id)
    }

    fun text(id: Int): String = view<TextView>(id).text.toString()

    fun isShown(id: Int): Boolean = view<View>(id).isShown

    fun write(
        id: Int,
        text: String,
    ) {
        val field: EditText = view(id)
        field.text.replace(0, field.length(), text)
        app.work()
    }

    fun touch(id: Int) {
        view<View>(id).performClick()
        app.work()
    }

    fun chooseExample(number: Int) {
        touch(R.id.examples)
        ShadowPopupMenu.getLatestPopupMenu().menu.performIdentifierAction(number, 0)
        app.work()
    }

    fun ask(
        question: String = "How many steps?",
        passage: String? = null,
    ) {
        passage?.let { write(R.id.text, it) }
        write(R.id.question, question)
        touch(R.id.ask)
    }

    /** Rotates the screen, in the midst of a job too. */
    fun recreateNow() {
        controller.recreate()
    }

    fun recreate() {
        recreateNow()
        app.work()
    }

    /** What Android keeps of the activity after the end of its process, read back from bytes. */
    fun saved(): Bundle {
        val parcel = parcel()
        val bundle = checkNotNull(parcel.readBundle(javaClass.classLoader))
        parcel.recycle()
        return bundle
    }

    /** Bytes of that. */
    fun savedSize(): Int = parcel().run { dataSize().also { recycle() } }

    fun leave() {
        controller.pause().stop().destroy()
        app.work()
    }

    fun views(): List<View> = below(activity.findViewById(R.id.root))

    private fun below(view: View): List<View> =
        listOf(view) +
            if (view is ViewGroup) {
                List(
                    view.childCount,
                    view::getChildAt,
                ).flatMap(::below)
            } else {
                listOf()
            }

    private fun parcel(): Parcel {
        val bundle = Bundle().also(controller::saveInstanceState)
        return Parcel.obtain().apply {
            writeBundle(bundle)
            setDataPosition(0)
        }
    }
}
